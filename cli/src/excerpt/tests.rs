use super::*;

const ASCII: Look = Look {
    width: None,
    unicode: false,
};

/// Without colours.
fn drawn(problem: &Diagnostic, text: &str, look: Look) -> String {
    let colourful = draw(problem, Some(text), look);
    anstream::adapter::strip_str(&colourful).to_string()
}

#[test]
fn a_word_is_underlined_between_its_neighbours() {
    let text = "+++\ntitle = \"Home\"\nsort_bye = \"date\"\n+++\nmore\n";
    let problem = Diagnostic::error(
        "front-matter",
        "content/_index.md",
        "unknown key `sort_bye`",
    )
    .at(3, 1)
    .hint("did you mean `sort_by`?");
    let wanted = "\
error[front-matter]: unknown key `sort_bye`
   ,-[content/_index.md:3:1]
 2 | title = \"Home\"
 3 | sort_bye = \"date\"
   : ^^^^^^^^
 4 | +++
   `----
  help: did you mean `sort_by`?
";
    assert_eq!(drawn(&problem, text, ASCII), wanted);
}

#[test]
fn without_a_column_the_whole_line_is_marked() {
    let problem = Diagnostic::warning("x", "a.md", "m").at(2, None);
    let unicode = Look {
        unicode: true,
        ..ASCII
    };
    let wanted =
        "warning[x]: m\n   ╭─[a.md:2]\n 1 │ one\n 2 │   two words\n   ·   ─────────\n   ╰────\n";
    assert_eq!(drawn(&problem, "one\n  two words  \n", unicode), wanted);
}

#[test]
fn a_line_that_is_not_there_leaves_the_place_in_the_heading() {
    let problem = Diagnostic::error("x", "a.md", "m").at(9, 4).hint("h");
    let wanted = "error[x] a.md:9:4: m\n  help: h\n";
    assert_eq!(drawn(&problem, "one\n", ASCII), wanted);
    let nowhere = Diagnostic::error("x", "a.md", "m");
    assert_eq!(drawn(&nowhere, "one\n", ASCII), "error[x] a.md: m\n");
}

#[test]
fn long_lines_are_cut_around_the_mistake() {
    let text = format!("{}WRONG {}", "a".repeat(5_000), "b".repeat(5_000));
    let problem = Diagnostic::error("x", "a.md", "m").at(1, 5_001);
    let shown = drawn(&problem, &text, ASCII);
    assert!(shown.contains("aWRONG bb"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() < 200));
    let mark = shown.lines().find(|line| line.contains('^')).unwrap();
    let line = shown.lines().find(|line| line.contains("WRONG")).unwrap();
    let column = |line: &str, c| line.chars().position(|x| x == c).unwrap();
    assert_eq!(column(mark, '^'), column(line, 'W'));
}

#[test]
fn nothing_in_a_file_reaches_the_terminal_as_a_command() {
    let text = "a\u{1b}[2Jb\u{202e}c\u{7}\n";
    let problem = Diagnostic::error("x", "a\u{1b}.md", "m\u{1b}]0;x").at(1, 2);
    let colourful = draw(&problem, Some(text), ASCII);
    let plain = anstream::adapter::strip_str(&colourful).to_string();
    assert!(plain.contains("a?[2Jb?c?"), "{plain}");
    let commands = colourful.matches('\u{1b}').count();
    let colours = colourful.matches("\u{1b}[").count();
    assert_eq!(commands, colours, "only colours are left: {colourful:?}");
    assert!(!plain.contains('\u{202e}'));
}

#[test]
fn any_place_in_any_text_can_be_drawn() {
    let texts = [
        "",
        "\n",
        "\r\n\r\n",
        "é\r\nü",
        "\t\tx",
        "日本語 {{ x }}",
        "a\u{301}",
        "\"open",
    ];
    for text in texts {
        for line in [0, 1, 2, 3, u32::MAX] {
            for column in [None, Some(0), Some(1), Some(3), Some(99), Some(u32::MAX)] {
                for look in [
                    ASCII,
                    Look {
                        width: Some(40),
                        unicode: true,
                    },
                ] {
                    let problem = Diagnostic::error("x", "a.md", "m").at(line, column);
                    assert!(drawn(&problem, text, look).contains("error[x]"), "{text:?}");
                }
            }
        }
    }
}

#[test]
fn the_locale_decides_on_ascii() {
    let with = |list: &'static [(&str, &str)]| {
        speaks_utf8(move |name| {
            let found = list.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert!(with(&[("LANG", "en_GB.UTF-8")]));
    assert!(with(&[
        ("LC_ALL", ""),
        ("LC_CTYPE", "C.utf8"),
        ("LANG", "C")
    ]));
    assert!(!with(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
    assert!(!with(&[]));
}

#[test]
fn files_outside_of_the_site_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(folder.path().join("secret"), "x").unwrap();
    std::fs::write(root.join("a.md"), "y").unwrap();
    let at = |file: &str| Diagnostic::error("x", file, "m").at(1, None);
    let problems = [at("../secret"), at("a.md"), at("gone.md")];
    let texts = texts_from_folder(&root, &problems);
    assert_eq!(texts.into_keys().collect::<Vec<_>>(), ["a.md"]);
}
