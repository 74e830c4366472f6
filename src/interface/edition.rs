//! An interface as a text: what the answers of one edition of the roster are checked by.
//!
//! A store keeps the text under a number, and hand-outs and answers carry the number. So an answer
//! that was given before a label was renamed is checked by the labels that its annotator had.
//!
//! The same settings give the same text, whatever order the roster had them in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Interface, Settings};

#[derive(Serialize, Deserialize)]
struct Edition {
    interface: String,
    labels: Vec<String>,
    config: Map<String, Value>,
}

impl Interface {
    /// The text of this edition.
    pub fn edition(&self) -> String {
        let Settings { labels, config } = self.settings();
        let mut config = config.clone();
        config.sort_keys();
        let edition = Edition { interface: self.name().to_owned(), labels: labels.clone(), config };
        serde_json::to_string(&edition).expect("plain values always serialise")
    }

    /// The interface of an edition, or nothing if this build does not know it.
    pub fn of_edition(text: &str) -> Option<Self> {
        let Edition { interface, labels, config } = serde_json::from_str(text).ok()?;
        Self::new(&interface, Settings { labels, config })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn interface(config: &Value) -> Interface {
        let config = config.as_object().expect("an object").clone();
        let settings = Settings { labels: vec!["B".into(), "A".into()], config };
        Interface::new("ner_manual", settings).expect("it is there")
    }

    #[test]
    fn an_edition_gives_the_interface_back() {
        let own = interface(&json!({"blocks": [{"view_id": "text"}], "n": 1.5}));
        let back = Interface::of_edition(&own.edition()).expect("an interface");
        assert_eq!((back.name(), back.settings()), (own.name(), own.settings()));
        assert!(Interface::of_edition("{}").is_none());
        assert!(Interface::of_edition(&own.edition().replace("ner_manual", "later")).is_none());
    }

    #[test]
    fn the_order_of_settings_makes_no_other_edition_and_that_of_labels_does() {
        let (one, other) = (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}));
        assert_eq!(interface(&one).edition(), interface(&other).edition());
        let settings = Settings { labels: vec!["A".into(), "B".into()], ..Settings::default() };
        let other = Interface::new("ner_manual", settings).expect("it is there");
        assert_ne!(interface(&json!({})).edition(), other.edition());
    }
}
