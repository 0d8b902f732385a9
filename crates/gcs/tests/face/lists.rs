//! Lists of objects.

use serde_json::{Value, json};

use crate::rig::Rig;

fn names(said: &Value) -> Vec<&str> {
    said["items"].as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

#[test]
fn lists_are_cut_folded_and_paged() {
    let rig = Rig::new();
    for name in ["a.csv", "b/", "b/1.csv", "b/2.csv", "b/c/3.csv", "d.txt"] {
        rig.put(name, b"x");
    }
    let list = |query: &str| rig.get(&format!("/storage/v1/b/team-data/o?{query}")).expect(200).json();
    assert_eq!(names(&list("")), ["a.csv", "b/", "b/1.csv", "b/2.csv", "b/c/3.csv", "d.txt"]);
    let folded = list("delimiter=/");
    assert_eq!((names(&folded), &folded["prefixes"]), (vec!["a.csv", "d.txt"], &json!(["b/"])));
    let folder = list("delimiter=%2F&prefix=b/&includeTrailingDelimiter=true");
    assert_eq!((names(&folder), &folder["prefixes"]), (vec!["b/", "b/1.csv", "b/2.csv"], &json!(["b/c/"])));
    assert_eq!(names(&list("delimiter=/&includeTrailingDelimiter=true")), ["a.csv", "b/", "d.txt"]);
    assert_eq!(names(&list("startOffset=b/2&endOffset=d")), ["b/2.csv", "b/c/3.csv"]);
    assert_eq!(names(&list("matchGlob=b/*.csv")), ["b/1.csv", "b/2.csv"]);
    assert_eq!(names(&list("matchGlob=**.{csv,txt}&maxResults=2")), ["a.csv", "b/1.csv"]);
    assert_eq!(names(&list("softDeleted=true")), [""; 0]);
    let mut found = Vec::new();
    let mut query = "maxResults=1&delimiter=/".to_owned();
    loop {
        let page = list(&query);
        found.extend(names(&page).into_iter().map(str::to_owned));
        found.extend(page["prefixes"].as_array().into_iter().flatten().filter_map(|prefix| prefix.as_str().map(str::to_owned)));
        let Some(token) = page["nextPageToken"].as_str() else { break };
        query = format!("maxResults=1&delimiter=/&pageToken={token}");
    }
    assert_eq!(found, ["a.csv", "b/", "d.txt"]);
    for bad in ["maxResults=-1", "maxResults=x", "pageToken=***", "matchGlob=%5B", "includeTrailingDelimiter=2"] {
        rig.get(&format!("/storage/v1/b/team-data/o?{bad}")).refused(400, "invalidParameter");
    }
}
