//! Man pages and completions, from which the package is made: they contain every command and
//! option.

use std::fs;
use std::path::Path;

use crate::common::daemon::annotd;

#[test]
fn every_command_and_option_and_every_key_of_the_roster_is_in_a_man_page_and_in_the_completions() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = |arguments: &[&str]| {
        let output = annotd(folder.path()).args(arguments).arg("--help").output().expect("it runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/roster.md");
    let done = annotd(folder.path())
        .args(["generate", "--man", "man", "--completions", "completions", "--roster-keys"])
        .arg(&keys)
        .status();
    assert!(done.expect("it runs").success());
    let page = |name: &str| {
        let text = fs::read_to_string(folder.path().join("man").join(name));
        text.unwrap_or_else(|error| panic!("{name}: {error}")).replace("\\-", "-")
    };
    let bash = fs::read_to_string(folder.path().join("completions/annotd.bash")).expect("bash");
    for name in ["_annotd", "annotd.fish"] {
        assert!(folder.path().join("completions").join(name).exists(), "{name}");
    }

    let whole = help(&[]);
    let commands: Vec<&str> = whole
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        // A line that goes on is further in.
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.contains(&"run") && commands.contains(&"export"), "{commands:?}");
    assert!(!commands.contains(&"generate"), "it is not for users");
    for command in commands {
        assert!(page("annotd.1").contains(&format!("annotd-{command}(1)")), "{command}");
        let page = page(&format!("annotd-{command}.1"));
        let help = help(&[command]);
        let options = help.split_whitespace().map(|word| word.trim_matches(['[', ']', ',', '.']));
        for option in options.filter(|word| word.starts_with("--") && word.len() > 2) {
            let option = option.split(['=', '<', '`', ':', ';', ')']).next().expect("a name");
            assert!(page.contains(option), "annotd-{command}.1 lacks {option}");
            assert!(bash.contains(option), "the completions lack {option}");
        }
    }

    let roster = page("annotators.toml.5");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/annotators.toml");
    for key in
        ["project.name", "store.url", "server.bind", "allocation.lease", "project.config.wrap"]
    {
        assert!(roster.contains(key), "annotators.toml.5 lacks {key}");
    }
    assert!(!roster.contains("](") && !roster.contains('`'), "no Markdown is left");
    let checked = annotd(folder.path()).args(["check", "--roster"]).arg(&example).output();
    let said = String::from_utf8(checked.expect("it runs").stderr).expect("UTF-8");
    assert!(!said.contains("unknown") && !said.contains("error: expected"), "{said}");
}

#[test]
fn the_two_units_differ_only_in_the_name_of_the_instance() {
    let lines = |name: &str| -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name);
        let text = fs::read_to_string(path).expect("a unit");
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.map(str::to_owned).collect()
    };
    let one = lines("annotd.service");
    let each = lines("annotd@.service");
    assert_eq!(one.len(), each.len());
    for (one, each) in one.iter().zip(&each) {
        let named = each.replace("annotd/%i.toml", "annotd/annotators.toml");
        let named = named.replace(" of %i", "").replace("/%i", "").replace("annotd.%i.", "annotd.");
        assert_eq!(*one, named);
    }
}
