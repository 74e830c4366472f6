//! The modules that a page imports, named in the page itself, so that a browser fetches all of them
//! at once instead of one import after the other.
//!
//! The list is read from the `import` lines of the embedded modules, beginning with the page's
//! module script. A module that is imported later, by `import(…)`, is not in it.
//!
//! Rejected: a list by hand, which a new module is forgotten in; and a bundle, in which a changed
//! line is a new file of the whole.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Where a page's HTML names its module, and where the links are put.
const SCRIPT: &str = "<script type=\"module\" src=\"assets/";

/// The page with a `<link rel="modulepreload">` for each module that its module script imports, at
/// any depth; the page itself if it has no module script. `read` returns the text of an embedded
/// file.
pub(super) fn with_preloads(html: &str, read: impl Fn(&str) -> Option<String>) -> String {
    let Some((before, script)) = html.split_once(SCRIPT) else { return html.to_owned() };
    let entry = script.split('"').next().unwrap_or_default();
    let mut page = before.to_owned();
    for module in imported(entry, read) {
        // Writing to a string does not fail.
        let _ = write!(page, "<link rel=\"modulepreload\" href=\"assets/{module}\">\n    ");
    }
    page + SCRIPT + script
}

/// The paths of all modules that this one imports, at any depth, in order; not its own.
pub(super) fn imported(entry: &str, read: impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut unread = vec![entry.to_owned()];
    while let Some(module) = unread.pop() {
        for line in read(&module).unwrap_or_default().lines() {
            let Some(path) = specifier(line).and_then(|name| resolved(&module, name)) else {
                continue;
            };
            if path != entry && found.insert(path.clone()) {
                unread.push(path);
            }
        }
    }
    found
}

/// What an `import` line names: `"./dom.js"` of `import { h } from "./dom.js";`. Such a line begins
/// with the word; a comment and a call do not.
fn specifier(line: &str) -> Option<&str> {
    let named = line.strip_prefix("import ")?;
    named.split('"').nth(1)
}

/// A path relative to the file that names it, below the folder of all embedded files.
fn resolved(from: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        let text = match path {
            "page/app/main.js" => {
                "/** @import { A } from \"./types.js\" */\n\
                 import { h } from \"../../shared/dom.js\";\nimport \"./flow.js\";\n\
                 const later = () => import(\"./later.js\");\n"
            }
            "page/app/flow.js" => {
                "import * as main from \"./main.js\";\nimport { h } from \"../../shared/dom.js\";\n"
            }
            "shared/dom.js" => "import { deep } from \"./deep.js\";\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn a_page_names_what_its_script_imports_once_and_nothing_that_comes_later() {
        let html = "<head>\n    <script type=\"module\" src=\"assets/page/app/main.js\"></script>";
        let link =
            |path: &str| format!("<link rel=\"modulepreload\" href=\"assets/{path}\">\n    ");
        let expected = format!(
            "<head>\n    {}{}{}<script type=\"module\" src=\"assets/page/app/main.js\"></script>",
            link("page/app/flow.js"),
            link("shared/deep.js"),
            link("shared/dom.js"),
        );
        assert_eq!(with_preloads(html, read), expected);
    }

    #[test]
    fn a_page_without_a_module_stays_as_it_is() {
        assert_eq!(with_preloads("<p>no script</p>", read), "<p>no script</p>");
    }
}
