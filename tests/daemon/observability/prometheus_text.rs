//! Reads Prometheus's text format, strictly: whatever its own tools would find fault with fails
//! here.

use std::collections::{BTreeMap, BTreeSet};

/// The figures of a page by name and labels, as they stand in the text.
pub(crate) struct Page {
    pub(crate) samples: BTreeMap<String, f64>,
    /// By family: its type.
    pub(crate) families: BTreeMap<String, String>,
}

impl Page {
    pub(crate) fn read(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line ends");
        let (mut samples, mut families) = (BTreeMap::new(), BTreeMap::new());
        let mut helped = BTreeSet::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a name and a help");
                assert!(!help.trim().is_empty() && helped.insert(name.to_owned()), "{line}");
                name.clone_into(&mut current);
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a name and a type");
                assert_eq!(name, current, "HELP and TYPE stand together");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(is_name(name) && families.insert(name.into(), kind.into()).is_none());
            } else {
                let (sample, value) = line.rsplit_once(' ').expect("a figure");
                let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
                let name = sample.split('{').next().expect("a name");
                let base = match families.get(&current).map(String::as_str) {
                    Some("histogram") => {
                        let cut = |end: &&str| name.strip_suffix(end);
                        let base = ["_bucket", "_sum", "_count"].iter().find_map(cut);
                        base.unwrap_or_else(|| panic!("{line}"))
                    }
                    Some(_) => name,
                    None => panic!("{line} has no type"),
                };
                assert_eq!(base, current, "{line}");
                labels(&sample[name.len()..]);
                assert!(samples.insert(sample.to_owned(), value).is_none(), "twice: {line}");
            }
        }
        let page = Self { samples, families };
        page.check_histograms();
        page
    }

    pub(crate) fn get(&self, sample: &str) -> f64 {
        let found = self.samples.get(sample);
        *found.unwrap_or_else(|| panic!("no {sample} in {:#?}", self.samples))
    }

    /// Figures are whole numbers here, so that they are exactly what they should be.
    pub(crate) fn is(&self, sample: &str, value: f64) -> bool {
        self.get(sample).to_bits() == value.to_bits()
    }

    pub(crate) fn assert_is(&self, sample: &str, value: f64) {
        assert!(self.is(sample, value), "{sample} is {} and not {value}", self.get(sample));
    }

    fn check_histograms(&self) {
        for (sample, count) in &self.samples {
            let Some((family, labels)) = sample.split_once("_count{") else { continue };
            let labels = labels.trim_end_matches('}');
            let prefix = format!("{family}_bucket{{{labels},le=\"");
            let bound = |bucket: &str| -> f64 {
                let bound = bucket[prefix.len()..].trim_end_matches("\"}");
                if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a bound") }
            };
            let own = self.samples.iter().filter(|(name, _)| name.starts_with(&prefix));
            let mut buckets: Vec<(f64, f64)> = own.map(|(name, n)| (bound(name), *n)).collect();
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{sample}: {buckets:?}");
            assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{sample}");
        }
    }
}

fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Checks `{name="value",…}`, or nothing at all.
fn labels(text: &str) {
    let Some(inside) = text.strip_prefix('{') else { return assert_eq!(text, "") };
    let mut rest = inside.strip_suffix('}').expect("a closing brace");
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("a name and a value");
        assert!(is_name(name), "{text}");
        let mut escaped = false;
        let end = after.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let after = &after[end.expect("a closing quotation mark") + 1..];
        rest = after.strip_prefix(',').unwrap_or(after);
        assert!(after.is_empty() || after.starts_with(','), "{text}");
    }
}
