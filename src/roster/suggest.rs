//! Words of remedies: an example to copy, the name that was probably meant, a list of names.

/// "write for example: …"
pub(super) fn for_example(line: &str) -> String {
    format!("write for example: {line}")
}

/// Names in a row, for people; only the first of very many.
pub(super) fn list(names: &[&str]) -> String {
    const MOST: usize = 12;
    let mut row = names[..names.len().min(MOST)].join(", ");
    if names.len() > MOST {
        row.push_str(", …");
    }
    row
}

/// The name that was probably meant, if any is close enough: at most one slip in three letters, or
/// only capitals or `-` for `_` differ, or one is the beginning of the other.
pub(super) fn closest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |s: &str| s.to_lowercase().replace('-', "_");
    let written = plain(written);
    let slips = |name: &str| strsim::damerau_levenshtein(&written, &plain(name));
    // Much longer than any name: the comparison would cost the product of the lengths.
    if written.len() > 100 {
        return None;
    }
    let begun = |name: &str| {
        let name = plain(name);
        let (short, long) =
            if name.len() < written.len() { (&*name, &*written) } else { (&*written, &*name) };
        short.len() > 2 && long.starts_with(short)
    };
    names
        .map(|name| (slips(name), name))
        .filter(|(slips, name)| *slips <= (name.chars().count() / 3).max(1) || begun(name))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, name)| name)
}
