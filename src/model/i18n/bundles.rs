//! The sentences of each language, as Project Fluent reads them. The files are compiled in.

use std::sync::OnceLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

use super::language::Language;

/// The file of a language.
pub(super) fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("en.ftl"),
        Language::German => include_str!("de.ftl"),
        Language::French => include_str!("fr.ftl"),
        Language::Spanish => include_str!("es.ftl"),
    }
}

/// An argument as text.
pub(super) enum Value {
    Number(u64),
    Text(String),
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> &'static Bundle {
    static BUNDLES: OnceLock<[Bundle; 4]> = OnceLock::new();
    let made = |language: Language| {
        let mut bundle = FluentBundle::new_concurrent(vec![language.code().parse().unwrap_or_default()]);
        // Direction marks around each argument would appear in logs, reports and JSON.
        bundle.set_use_isolating(false);
        // A line that cannot be read is left out; a test checks that there is none.
        let resource = FluentResource::try_new(source(language).to_string()).unwrap_or_else(|(resource, _)| resource);
        bundle.add_resource_overriding(resource);
        bundle
    };
    &BUNDLES.get_or_init(|| Language::ALL.map(made))[language as usize]
}

/// A message with its arguments, or one of its attributes; `None` if it is unknown, or an argument is missing.
pub(super) fn formatted(language: Language, id: &str, attribute: Option<&str>, args: Vec<(&str, Value)>) -> Option<String> {
    let bundle = bundle(language);
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    let args: FluentArgs<'_> = args
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Number(number) => FluentValue::from(number),
                Value::Text(text) => FluentValue::from(text),
            };
            (name, value)
        })
        .collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    errors.is_empty().then_some(text)
}
