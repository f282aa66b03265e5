//! The words of the product: what `docs/glossary.md` says is not used is nowhere in what people read, and sentences are short.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Words of a sentence at most.
const LONGEST: usize = 25;
/// The tables of earlier journals are as they were released.
const RELEASED: &str = "src/journal/schema";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of these folders with one of these endings, by its path from the root.
fn texts(folders: &[&str], endings: &[&str]) -> BTreeMap<String, String> {
    fn walk(at: PathBuf, endings: &[&str], into: &mut BTreeMap<String, String>) {
        if at.is_dir() {
            fs::read_dir(&at).expect("a folder").flatten().for_each(|entry| walk(entry.path(), endings, into));
        } else if at.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending)) {
            let name = at.strip_prefix(root()).expect("below the root").display().to_string();
            into.insert(name, String::from_utf8_lossy(&fs::read(&at).expect("bytes")).into_owned());
        }
    }
    let mut found = BTreeMap::new();
    folders.iter().for_each(|folder| walk(root().join(folder), endings, &mut found));
    found
}

/// The last column of the glossary, and its list of turns of phrase.
fn banned(glossary: &str) -> Vec<String> {
    let cells = glossary.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.trim_end_matches('|').rsplit('|').next());
    let turns = glossary.lines().filter_map(|line| line.strip_prefix("Not used anywhere: "));
    let all = cells.skip(1).chain(turns).flat_map(|cell| cell.split(','));
    all.map(|word| word.trim().trim_end_matches('.').to_lowercase()).filter(|word| !word.is_empty()).collect()
}

/// Whether a text has these words, as words of their own.
fn has(text: &str, words: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    text.match_indices(words).any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + words.len()..].chars().next()))
}

/// Where a text has one of these turns of phrase, also where it goes on in the next line; lines count from 1.
fn uses<'w>(text: &str, banned: &'w [String]) -> Vec<(usize, &'w str)> {
    let mut found = Vec::new();
    let mut before = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.to_lowercase();
        let (begun, goes_on) =
            (before.trim_end_matches(['\\', '"']).trim_end(), line.trim().trim_start_matches(['/', '!', '#', '"', '*', '-', ' ']));
        let both = format!("{begun} {goes_on}");
        for words in banned {
            if has(&line, words) {
                found.push((number, words.as_str()));
            }
            if words.contains(' ') && has(&both, words) && !has(&before, words) && !has(goes_on, words) {
                found.push((number - 1, words.as_str()));
            }
        }
        before = line;
    }
    found
}

#[test]
fn nobody_reads_a_word_that_the_glossary_bans() {
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).expect("the glossary");
    let banned = banned(&glossary);
    assert!(banned.len() > 30, "the glossary is read: {banned:?}");
    let mut files = texts(
        &["src", "docs", "samples", "schemas", "deploy"],
        &["rs", "html", "ftl", "md", "toml", "xsd", "xml", "txt", "css", "js", "service"],
    );
    files.insert("README.md".into(), fs::read_to_string(root().join("README.md")).expect("the README"));
    let mut found = Vec::new();
    // Recorded documents say what partners say.
    let is_ours = |file: &str| !file.starts_with(RELEASED) && file != "docs/glossary.md" && !file.contains("/samples/");
    for (file, text) in files.iter().filter(|(file, _)| is_ours(file)) {
        found.extend(uses(text, &banned).into_iter().map(|(line, words)| format!("{file}:{line}: {words}")));
    }
    assert!(found.is_empty(), "{} banned words:\n{}", found.len(), found.join("\n"));
}

/// The sentences of a text; code counts as one word.
fn sentences(text: &str) -> Vec<String> {
    let mut plain = String::new();
    for (number, part) in text.split('`').enumerate() {
        plain.push_str(if number % 2 == 0 { part } else { "x" });
    }
    let mut all = vec![String::new()];
    let mut chars = plain.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
        if matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|next| next.is_whitespace()) {
            all.push(String::new());
        }
    }
    all
}

fn words(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// Paragraphs, list items and table cells of a page, without its code.
fn paragraphs(page: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut code = false;
    for line in page.lines().map(str::trim) {
        if line.starts_with("```") {
            code = !code;
        }
        let item = line.starts_with("- ")
            || line.starts_with("* ")
            || line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        if line.is_empty() || code || item || line.starts_with(['#', '|', '`']) {
            all.push(String::new());
        }
        match line.strip_prefix('|') {
            _ if code || line.starts_with('#') || line.starts_with("```") => {}
            Some(row) => all.extend(row.split('|').map(str::to_string)),
            None => {
                if let Some(last) = all.last_mut() {
                    last.push(' ');
                    last.push_str(line);
                }
            }
        }
    }
    all
}

/// The texts between the tags of a page's template; an expression counts as one word.
fn shown(template: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).min() {
        let end = rest[at..].find(if rest[at..].starts_with("{%") { "%}" } else { "}}" }).map_or(rest.len(), |end| at + end + 2);
        plain.push_str(&rest[..at]);
        plain.push_str(" x ");
        rest = &rest[end..];
    }
    plain.push_str(rest);
    plain.split('<').filter_map(|part| part.split_once('>').map(|(_, text)| text.to_string())).collect()
}

/// The string literals of shipped code that are on one line; SQL apart.
fn literals(code: &str) -> Vec<String> {
    let shipped = super::shipped(code);
    let code: Vec<&str> = shipped.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    // A literal that is continued on the next line is one.
    let mut joined = String::new();
    for line in code {
        match line.strip_suffix('\\') {
            Some(begun) => joined.push_str(&format!("{begun}\u{1}")),
            None => joined.push_str(&format!("{line}\n")),
        }
    }
    let joined: String =
        joined.split('\u{1}').enumerate().map(|(number, part)| if number > 0 { part.trim_start() } else { part }).collect();
    let lines = joined.lines();
    let all = lines.flat_map(|line| {
        let line = line.replace("\\\"", "'").replace("'\"'", "");
        line.split('"').enumerate().filter(|(number, _)| number % 2 == 1).map(|(_, text)| text.replace("\\n", ". ")).collect::<Vec<_>>()
    });
    all.filter(|text| {
        !["select ", "insert ", "update ", "create ", "alter ", "delete "].iter().any(|verb| text.trim_start().starts_with(verb))
    })
    .collect()
}

/// The help of commands and their options.
fn help(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut block = String::new();
    for line in code.lines().map(str::trim) {
        match line.strip_prefix("///") {
            Some(text) => {
                block.push(' ');
                block.push_str(text.trim());
            }
            None => {
                let read =
                    line.starts_with("#[arg") || line.starts_with("#[command") || line.ends_with("Args),") || line.ends_with("Args>),");
                if read && !block.is_empty() {
                    all.push(block.clone());
                }
                block.clear();
            }
        }
    }
    all
}

#[test]
fn no_sentence_that_people_read_has_more_than_25_words() {
    let mut found = Vec::new();
    let mut look = |file: &str, texts: Vec<String>| {
        for sentence in texts.iter().flat_map(|text| sentences(text)) {
            let count = words(&sentence);
            if count > LONGEST {
                found.push(format!("{file}: {count} words: {}", sentence.trim()));
            }
        }
    };
    look("README.md", paragraphs(&fs::read_to_string(root().join("README.md")).expect("the README")));
    texts(&["docs"], &["md"]).iter().for_each(|(file, text)| look(file, paragraphs(text)));
    texts(&["src"], &["html"]).iter().for_each(|(file, text)| look(file, shown(text)));
    for (file, text) in texts(&["src"], &["rs"]).iter().filter(|(file, _)| !file.starts_with(RELEASED)) {
        look(file, literals(text));
        if file.starts_with("src/cli/") {
            look(file, help(text));
        }
    }
    let english = fs::read_to_string(root().join("src/model/i18n/en.ftl")).expect("the sentences");
    look("src/model/i18n/en.ftl", english.lines().filter_map(|line| line.split_once('=')).map(|(_, text)| text.to_string()).collect());
    assert!(found.is_empty(), "{} long sentences:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_banned_word_and_a_long_sentence_would_be_seen() {
    let banned = ["told".to_string(), "held fast".to_string()];
    assert_eq!(uses("/// It is held\n/// fast, and told.\nheld fast", &banned), [(2, "told"), (1, "held fast"), (3, "held fast")]);
    assert!(has("it is told at once", "told") && !has("untold", "told") && !has("retold_once", "told"));
    assert_eq!(words(&sentences("One `a b c` two. Three")[0]), 3);
    assert_eq!(
        paragraphs("# No\n\na\nb\n\n- c\n| d | e |\n```\nf\n```")
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>(),
        ["a b", "- c", "d", "e"]
    );
    assert_eq!(shown("<p class=\"a\">b {{ c }} d</p>{% if e %}"), ["b  x  d", " x "]);
    assert_eq!(literals("x(\"a \\\n     b\");\ny(\"c\")"), ["a b", "c"]);
    assert_eq!(literals("x(\"a b\"); // \"c\"\n// \"d\""), ["a b", "c"]);
}
