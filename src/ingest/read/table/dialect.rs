//! How a table is written: what parts its cells, and whether quotes mean anything.
//!
//! Spreadsheets part cells by semicolons where the decimal mark is a comma, and say so, if at all,
//! in a line `sep=;` of their own. A first row without a comma, outside of quotes, and with
//! semicolons or tabs is such a table. TSV has no quotes: a quote is a part of the text, and a lone
//! one swallows nothing. Only where the first name is quoted, as R and some exports do, CSV's
//! quotes hold in TSV, too.

/// What parts cells, and how the first row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether a cell may stand in quotes.
    pub(super) quotes: bool,
    /// Whether the first line says what parts the cells, and nothing else.
    pub(super) says: bool,
}

impl Dialect {
    /// Finds out by the beginning of the file. `usual` is what its name promises.
    pub(super) fn of(beginning: &[u8], usual: u8) -> Self {
        let start = beginning.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
        let beginning = &beginning[start.unwrap_or(beginning.len())..];
        if usual == b'\t' {
            return Self { delimiter: b'\t', quotes: beginning.starts_with(b"\""), says: false };
        }
        let line = beginning.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let bare = line.strip_prefix(b"\"").unwrap_or(line);
        let bare = bare.strip_suffix(b"\"").unwrap_or(bare);
        if let [s, e, p, b'=', delimiter] = bare
            && [s, e, p].map(u8::to_ascii_lowercase) == *b"sep"
            && matches!(delimiter, b';' | b',' | b'\t' | b'|')
        {
            return Self { delimiter: *delimiter, quotes: true, says: true };
        }
        let delimiter = match counts(beginning) {
            [0, 0, tabs] if tabs > 0 => b'\t',
            [0, semicolons, _] if semicolons > 0 => b';',
            _ => usual,
        };
        Self { delimiter, quotes: true, says: false }
    }

    /// The delimiter, for messages.
    pub(super) fn mark(self) -> &'static str {
        match self.delimiter {
            b'\t' => "a tab",
            b';' => "`;`",
            b'|' => "`|`",
            _ => "`,`",
        }
    }
}

/// How many commas, semicolons and tabs the first row has outside of quotes.
fn counts(beginning: &[u8]) -> [usize; 3] {
    let mut counts = [0; 3];
    let mut quoted = false;
    for byte in beginning {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'\r' | b'\n' => break,
            b',' => counts[0] += 1,
            b';' => counts[1] += 1,
            b'\t' => counts[2] += 1,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_tells() {
        for (beginning, delimiter, says) in [
            ("text,label\n", b',', false),
            ("text;label\r\n", b';', false),
            ("\"a,b\";label\r", b';', false),
            ("text\tlabel\n", b'\t', false),
            ("text;label,x\n", b',', false),
            ("text\na;b\n", b',', false),
            ("\n\nsep=;\r\ntext;label", b';', true),
            ("\"sep=|\"\n", b'|', true),
            ("SEP=\t\n", b'\t', true),
            ("", b',', false),
        ] {
            let expected = Dialect { delimiter, quotes: true, says };
            assert_eq!(Dialect::of(beginning.as_bytes(), b','), expected, "{beginning:?}");
        }
        assert!(!Dialect::of(b"id\ttext\n", b'\t').quotes);
        assert!(Dialect::of(b"\"id\"\t\"text\"\n", b'\t').quotes);
    }
}
