//! The guide's examples, as they stand in its text.

use std::path::Path;

/// The text of the guide.
pub fn text() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/allocation.md");
    std::fs::read_to_string(path).expect("the guide")
}

/// All blocks of TOML, each with the heading that it stands under.
pub fn examples() -> Vec<(String, String)> {
    let text = text();
    let mut heading = "";
    let mut examples = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if fence == "toml" {
                examples.push((heading.to_owned(), block.join("\n")));
            }
        } else if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim();
        }
    }
    examples
}

/// The example under a heading.
pub fn example(heading: &str) -> String {
    let found = examples().into_iter().find(|(h, _)| h == heading);
    found.unwrap_or_else(|| panic!("the guide has no example under {heading:?}")).1
}
