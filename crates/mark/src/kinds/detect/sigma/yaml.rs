//! YAML as values.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// How deep values may be nested.
const MOST_DEPTH: usize = 32;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As a number and as it is written.
    Number(f64, String),
    Text(String),
    List(Vec<Value>),
    /// In the order of the file.
    Map(Vec<(String, Value)>),
    /// An alias, a key that is no text, what is nested too deep.
    Other,
}

/// An open list or mapping, with the key that waits for its value.
struct Open {
    value: Value,
    key: Option<String>,
}

/// Reads every document, as far as the text is YAML.
pub(super) fn documents(text: &str) -> Vec<Value> {
    let (mut documents, mut open, mut too_deep) = (Vec::new(), Vec::<Open>::new(), 0_usize);
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, _))) = parser.next_event() {
        let value = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= MOST_DEPTH => {
                too_deep += 1;
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open { value: Value::Map(Vec::new()), key: None });
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open { value: Value::List(Vec::new()), key: None });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd if too_deep > 0 => {
                too_deep -= 1;
                Value::Other
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().map_or(Value::Other, |open| open.value),
            Event::Scalar(text, ScalarStyle::Plain, ..) => plain(text.into_owned()),
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::Alias(_) => Value::Other,
            _ => continue,
        };
        if too_deep > 0 {
            continue;
        }
        match open.last_mut() {
            None => documents.push(value),
            Some(open) => open.take(value),
        }
    }
    documents
}

impl Open {
    fn take(&mut self, value: Value) {
        match (&mut self.value, self.key.take()) {
            (Value::List(items), _) => items.push(value),
            (Value::Map(entries), Some(key)) => entries.push((key, value)),
            (_, None) => {
                self.key = match value {
                    Value::Text(key) | Value::Number(_, key) => Some(key),
                    Value::Bool(key) => Some(key.to_string()),
                    _ => {
                        self.value = Value::Other;
                        None
                    }
                };
            }
            (_, Some(_)) => {}
        }
    }
}

/// Tells what a scalar without quotes is.
fn plain(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if numeric => Value::Number(number, text),
        _ => Value::Text(text),
    }
}
