//! Every sentence is there in every language, with the arguments that the code gives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};

use super::*;
use crate::model::{Code, codes::Who};

type Variables = BTreeSet<String>;

fn inline(expression: &InlineExpression<&str>, found: &mut Variables) {
    match expression {
        InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_string());
        }
        InlineExpression::Placeable { expression } => placed(expression, found),
        _ => {}
    }
}

fn placed(expression: &Expression<&str>, found: &mut Variables) {
    match expression {
        Expression::Inline(expression) => inline(expression, found),
        Expression::Select { selector, variants } => {
            inline(selector, found);
            variants.iter().for_each(|variant| pattern(&variant.value, found));
        }
    }
}

fn pattern(text: &Pattern<&str>, found: &mut Variables) {
    for element in &text.elements {
        if let PatternElement::Placeable { expression } = element {
            placed(expression, found);
        }
    }
}

/// The messages of a language with their arguments; codes apart.
fn messages(language: Language) -> BTreeMap<String, Variables> {
    let resource = parser::parse(bundles::source(language)).unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.code()));
    let mut all = BTreeMap::new();
    for entry in resource.body {
        if let Entry::Message(message) = entry {
            let mut found = Variables::new();
            if let Some(value) = &message.value {
                pattern(value, &mut found);
            }
            let known = all.insert(message.id.name.to_string(), found);
            assert!(known.is_none(), "{} stands twice in {}", message.id.name, language.code());
        }
    }
    all
}

fn is_code(id: &str) -> bool {
    id.starts_with(char::is_uppercase)
}

/// What the code says: each `say!` with the names of its arguments.
fn said() -> Vec<(String, String, Variables)> {
    fn walk(folder: &Path, found: &mut Vec<(String, String, Variables)>) {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                walk(&entry, found);
            } else if entry.extension().is_some_and(|extension| extension == "rs") && !entry.ends_with("i18n/tests.rs") {
                let text = fs::read_to_string(&entry).expect("a file");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
                code.split("say!(\"").skip(1).for_each(|rest| found.push(one(&entry, rest)));
            }
        }
    }
    /// The id, and the names before a single `=` that are not inside of further brackets.
    fn one(file: &Path, rest: &str) -> (String, String, Variables) {
        let (id, rest) = rest.split_once('"').expect("an id");
        let (mut depth, mut names, mut word) = (1, Variables::new(), String::new());
        let mut quoted = false;
        let mut chars = rest.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' => quoted = !quoted,
                _ if quoted => {}
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                '=' if depth == 1 && !matches!(chars.peek(), Some('=' | '>')) => {
                    names.insert(word.trim().to_string());
                }
                ',' => word.clear(),
                c => word.push(c),
            }
            if depth == 0 {
                break;
            }
        }
        (file.display().to_string(), id.to_string(), names)
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

#[test]
fn every_language_has_the_same_sentences_with_the_same_arguments() {
    let english = messages(Language::English);
    for language in Language::ALL {
        let other: BTreeMap<_, _> = messages(language).into_iter().filter(|(id, _)| !is_code(id)).collect();
        let missing: Vec<_> = english.keys().filter(|id| !other.contains_key(*id)).collect();
        let surplus: Vec<_> = other.keys().filter(|id| !english.contains_key(*id)).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "{}: missing {missing:?}, surplus {surplus:?}", language.code());
        for (id, arguments) in &english {
            assert_eq!(&other[id], arguments, "{id} in {}", language.code());
        }
    }
}

#[test]
fn every_sentence_that_the_code_says_is_there_and_gets_its_arguments() {
    let english = messages(Language::English);
    let said = said();
    for (file, id, arguments) in &said {
        let known = english.get(id).unwrap_or_else(|| panic!("{file}: no sentence `{id}`"));
        assert_eq!(arguments, known, "{file}: `{id}`");
    }
    let used: BTreeSet<_> = said.iter().map(|(_, id, _)| id.as_str()).collect();
    let idle: Vec<_> = english.keys().filter(|id| !used.contains(id.as_str())).collect();
    assert!(idle.is_empty(), "nothing says {idle:?}");
}

#[test]
fn every_code_that_a_partner_can_cause_has_its_texts() {
    for language in Language::ALL.into_iter().filter(|language| *language != Language::English) {
        let known = messages(language);
        for code in Code::all().filter(|info| info.who == Who::Partner) {
            assert!(known.contains_key(code.code), "{} has no texts in {}", code.code, language.code());
        }
        for id in known.keys().filter(|id| is_code(id)) {
            let code = Code::find(id).unwrap_or_else(|| panic!("{id} in {}", language.code()));
            assert!(!language.title(code).is_empty() && language.advice(code) != code.info().text, "{id} in {}", language.code());
        }
    }
}

#[test]
fn sentences_are_said_with_their_values() {
    let unknown = say!("element-unknown", element = "Numbr", parent = "Order");
    let listed = say!("rule-be", what = List::new(Join::Or, ["`open or shut`", "`A`", "`B`"]));
    let invalid = say!("value-invalid", value = "x", name = "Status", rule = listed);
    let amount = say!("amount-between", least = 1_u64, most = 30_u64, kind = say!("letters-or-digits", count = 30_u64));
    let two = say!("amount", count = 2_u64, kind = say!("capital-letters", count = 2_u64));
    let pattern = say!("rule-be", what = List::new(Join::Then, [two, amount]));
    let missing = |names: &[&str]| {
        say!("element-missing-before", names = List::new(Join::And, names.iter().copied()), count = names.len(), before = "End")
    };
    let twelve = List { more: 3, ..List::new(Join::Or, ["`a`", "`b`"]) };
    for (language, sentence, words) in [
        (Language::German, &unknown, "`Numbr` ist kein Element von `Order`"),
        (Language::English, &invalid, "`x` is not a valid `Status`: it must be `open or shut`, `A` or `B`"),
        (Language::German, &invalid, "`x` ist kein gültiges `Status`: es muss `open or shut`, `A` oder `B` sein"),
        (Language::English, &pattern, "it must be 2 capital letters, then 1 to 30 letters or digits"),
        (Language::French, &pattern, "ce doit être 2 majuscules, puis 1 à 30 lettres ou chiffres"),
        (Language::English, &missing(&["`Line`"]), "`Line` is missing before `End`"),
        (Language::Spanish, &missing(&["`Lines`", "`Line`"]), "faltan `Lines` y `Line` antes de `End`"),
        (Language::English, &say!("hint-allowed-here", names = twelve), "allowed here: `a`, `b` and 3 more"),
    ] {
        assert_eq!(language.say(sentence).as_deref(), Some(words));
    }
}

#[test]
fn what_a_library_said_is_english_only() {
    let sentence = say!("element-other", element = "Line", reason = Argument::English { english: "broken".into() });
    assert_eq!(Language::English.say(&sentence).as_deref(), Some("`Line`: broken"));
    assert_eq!(Language::German.say(&sentence), None);
}

#[test]
fn a_sentence_survives_the_journal() {
    let names = List { more: 2, ..List::new(Join::Or, ["`a`"]) };
    let sentence = say!("element-ends-without-one", element = "Order", names = names);
    let kept = serde_json::to_string(&sentence).expect("JSON");
    assert_eq!(kept, r#"{"id":"element-ends-without-one","args":{"element":"Order","names":{"list":["`a`"],"join":"or","more":2}}}"#);
    assert_eq!(serde_json::from_str::<Sentence>(&kept).expect("a sentence"), sentence);
}
