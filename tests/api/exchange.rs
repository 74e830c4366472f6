//! Formats in and out, from outside: every mistake has its message, what is read is what was
//! written, and real files come through whole.

mod coming_back;
mod data;
mod messages;
mod reading;
mod writing;

use std::io::{Cursor, Read, Write};

use annotd::ingest::read::{Entry, Format, LineError, from_reader};

/// Reads bytes to the end.
fn read(name: &str, format: Option<Format>, bytes: &[u8]) -> Vec<Result<Entry, LineError>> {
    let reader: Box<dyn Read + Send> = Box::new(Cursor::new(bytes.to_vec()));
    from_reader(name, format, reader).collect()
}

/// Reads bytes that are right to the end, and gives the texts of their tasks.
fn texts(format: Option<Format>, bytes: &[u8]) -> Vec<String> {
    read("t", format, bytes)
        .into_iter()
        .map(|entry| match entry {
            Ok(entry) => entry.body.to_string(),
            Err(wrong) => panic!("{wrong}\n{}", wrong.excerpt()),
        })
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("packed");
    encoder.finish().expect("packed")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("packed")
}
