//! The values of a template.

/// The values of a page, by name.
macro_rules! values {
    (@one $name:ident) => { serde_json::to_value(&$name).unwrap_or_default() };
    (@one $name:ident $value:expr) => { serde_json::to_value(&$value).unwrap_or_default() };
    ($($name:ident $(=> $value:expr)?),* $(,)?) => {{
        #[allow(unused_mut, reason = "a page may need no values")]
        let mut values = serde_json::Map::new();
        $(values.insert(stringify!($name).to_string(), values!(@one $name $($value)?));)*
        serde_json::Value::Object(values)
    }};
}
pub(super) use values;
