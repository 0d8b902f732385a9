use super::*;
use proptest::prelude::*;

fn metadata(text: &str) -> ScriptMetadata {
    parse(text).unwrap_or_else(|complaint| panic!("line {}: {}", complaint.line, complaint.why)).unwrap()
}

fn complaint(text: &str) -> (usize, Option<&'static str>, String) {
    let complaint = parse(text).expect_err("a complaint");
    (complaint.line, complaint.field, complaint.why)
}

#[test]
fn reads_the_specification_s_example() {
    let read = metadata(
        "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\n#   \"requests<3\",\n#   \"rich\",\n# ]\n# ///\n\nimport requests\n",
    );
    assert_eq!(read.dependencies, ["requests<3", "rich"]);
    assert_eq!(read.requires_python.unwrap().to_string(), ">=3.11");
}

#[test]
fn leaves_other_blocks_and_strings_alone() {
    assert_eq!(parse("# /// other\n# x = [\n# ///\nprint(1)\n").ok().unwrap(), None);
    assert_eq!(parse("import x\n").ok().unwrap(), None);
    assert_eq!(parse("  # /// script\n  # ///\n#/// script\n").ok().unwrap(), None);
    let read = metadata("# /// other\n# x\n# ///\n\n# /// script\n#\n# dependencies = [\"a\"]\n# [tool.uv]\n# offline = true\n# ///\n");
    assert_eq!(read.dependencies, ["a"]);
    assert!(read.tool.contains_key("uv"));
}

#[test]
fn a_block_ends_at_the_last_marker_of_its_comment() {
    let read = metadata("# /// script\n# dependencies = [\"\"\"\n# ///\n# \"\"\"]\n# ///\n");
    drop(read);
}

#[test]
fn names_the_line_and_the_field() {
    assert_eq!(complaint("# /// script\n# dependencies = [\"a\",\n# requires-python = 3\n# ///\n").0, 3);
    let (line, field, _) = complaint("import os\n# /// script\n# requires-python = \">=3.11\"\n# dependencies = \"a\"\n# ///\n");
    assert_eq!((line, field), (4, Some("dependencies")));
    let (line, field, why) = complaint("# /// script\n# requires-python = \"3.11\"\n# ///\n");
    assert_eq!((line, field), (2, Some("requires-python")));
    assert!(why.contains("`3.11`"), "{why}");
    assert_eq!(complaint("# /// script\n# dependencies = [\"--index-url x\"]\n# ///\n").1, Some("dependencies"));
}

#[test]
fn refuses_two_blocks_and_one_that_never_ends() {
    let twice = "# /// script\n# dependencies = []\n# ///\n\n# /// script\n# ///\n";
    assert!(complaint(twice).2.contains("second") && complaint(twice).0 == 5);
    let (line, _, why) = complaint("x = 1\n# /// script\n# dependencies = []\nprint(1)\n");
    assert!(line == 2 && why.contains("never ends"), "{line} {why}");
}

#[test]
fn survives_windows_line_ends_and_a_byte_order_mark() {
    let read = metadata("\u{feff}# /// script\r\n# dependencies = [\"a\"]\r\n# ///\r\n");
    assert_eq!(read.dependencies, ["a"]);
}

proptest! {
    #[test]
    fn never_panics(text in "(# /// script|# ///|#|# [a-z=\\[\\]\" ]{0,12}|[a-z# ]{0,8}|\n|\r\n){0,12}") {
        let _ = parse(&text);
    }

    #[test]
    fn what_is_written_is_read(names in prop::collection::vec("[a-z][a-z0-9-]{0,8}(>=[0-9]{1,2}(\\.[0-9]{1,2})?)?", 0..6),
                               before in "([a-z ]{0,10}\n){0,3}") {
        let list = names.iter().map(|name| format!("#   \"{name}\",\n")).collect::<String>();
        let read = metadata(&format!("{before}# /// script\n# dependencies = [\n{list}# ]\n# ///\nprint(1)\n"));
        prop_assert_eq!(read.dependencies, names);
    }
}
