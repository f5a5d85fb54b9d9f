//! What keeps a model from calling a tool well: shapes that some provider has no word for, and arguments that say nothing
//! of themselves.
//!
//! A tool is written once and offered to models of every provider, each of which takes a JSON Schema of its own kind.
//! What all of them take is small: objects with named fields, lists of one kind of thing, texts, numbers, booleans, and
//! alternatives inside. An author is told here, where it costs a minute to change; a host that meets such a schema later
//! still does what it can.
//!
//! Sources: OpenAI refuses `anyOf`, `oneOf`, `allOf`, `enum` and `not` beside the parameters' `type`, and its strict mode
//! composition but for `anyOf`, conditions and open objects
//! (<https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>). Anthropic refuses `oneOf`, `allOf` and
//! `anyOf` at the top, and names of fields beyond `[a-zA-Z0-9_.-]{1,64}`
//! (<https://docs.claude.com/en/api/messages>). Gemini has the keywords of its `Schema`, enumerations of texts alone among
//! them (<https://ai.google.dev/api/caching#Schema>).

use serde_json::{Map, Value};

use crate::tool::Tool;

/// Most levels of a schema, the arguments' own included: OpenAI's strict mode takes no more.
pub const LEVELS_MAX: usize = 10;

/// What may stand beside alternatives: it says nothing of the shape. Gemini takes alternatives alone.
const BESIDE_ALTERNATIVES: [&str; 9] =
    ["anyOf", "title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly"];

/// Keywords that no more than one provider reads; what they say belongs into the description, and into the tool.
const UNREAD: [&str; 18] = [
    "allOf",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$dynamicRef",
    "$ref",
];

/// One thing that is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {fault}")]
pub struct Complaint {
    /// Which part: the argument and what is inside of it, as `lines[].amount`; the tool itself is ``the arguments``.
    pub place: String,
    /// What is wrong, and what would be right.
    pub fault: Fault,
}

/// What can be wrong with a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A keyword that providers don't read.
    #[error("`{0}` is read by few providers: say it in the description, and let the tool refuse what doesn't fit")]
    Keyword(String),
    /// Alternatives where the arguments as a whole are described.
    #[error(
        "`anyOf` can't stand beside the arguments as a whole: make the arguments optional, and say which go together"
    )]
    Alternatives,
    /// Alternatives of a part, and more beside them.
    #[error("`{0}` stands beside `anyOf`, where Gemini takes nothing: say it in each of the alternatives")]
    Beside(String),
    /// Alternatives of alternatives.
    #[error("it is an `anyOf` in an `anyOf`, which Gemini has no word for: list all alternatives in one")]
    Nested,
    /// Anything goes.
    #[error("it says no `type` that a value can have, or several, so anything goes for some models: give it one")]
    Untyped,
    /// An object of any fields.
    #[error("it is an object whose fields have no names: take a list of objects with `name` and `value`")]
    Open,
    /// A list of anything.
    #[error("it is a list that doesn't say of what: give it `items`")]
    Items,
    /// An enumeration that one provider can't take.
    #[error(
        "its `enum` must have one text at least, and nothing but texts with something in them: Gemini takes no others"
    )]
    Enum,
    /// A name that one provider refuses.
    #[error("its name must have 1 to 64 characters of a-z, A-Z, 0-9, `_`, `.` and `-`: Anthropic takes no others")]
    Name,
    /// Nothing is said of it.
    #[error("it has no description: say what it is, in which form, with an example")]
    Undescribed,
    /// It goes too deep.
    #[error("it goes deeper than {LEVELS_MAX} levels, the most that OpenAI takes: make it flatter")]
    Deep,
}

/// Everything that is to be changed of a tool's arguments. None: models of every provider can be offered it as it is.
pub fn lint(tool: &Tool) -> Vec<Complaint> {
    let schema = tool.input_schema.value();
    let mut lint = Lint::default();
    if schema.get("anyOf").is_some() {
        lint.complain("the arguments", Fault::Alternatives);
    }
    // Of the tool, its own description is asked for elsewhere, and no argument makes it no open object; but these do, of fields
    // that aren't named.
    let mut of_fields = ["minProperties", "maxProperties", "required"].iter().filter_map(|keyword| schema.get(keyword));
    if !is_named(&schema) && of_fields.any(|asked| asked.as_array().is_none_or(|names| !names.is_empty())) {
        lint.complain("the arguments", Fault::Open);
    }
    lint.object("", &schema, 1);
    lint.complaints
}

/// Whether an object has fields by their names.
fn is_named(schema: &Value) -> bool {
    schema.get("properties").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty())
}

#[derive(Default)]
struct Lint {
    complaints: Vec<Complaint>,
}

impl Lint {
    fn complain(&mut self, place: &str, fault: Fault) {
        let place = if place.is_empty() { "the arguments" } else { place };
        self.complaints.push(Complaint { place: place.to_owned(), fault });
    }

    fn part(&mut self, place: &str, schema: &Value, level: usize) {
        if level > LEVELS_MAX {
            return self.complain(place, Fault::Deep);
        }
        if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
            return self.alternatives(place, schema, alternatives, level);
        }
        match schema.get("type").and_then(Value::as_str) {
            None | Some("null") => {
                self.keywords(place, schema);
                self.complain(place, Fault::Untyped);
            }
            Some("object") => {
                if !is_named(schema) {
                    self.complain(place, Fault::Open);
                }
                self.object(place, schema, level);
            }
            Some("array") => {
                self.keywords(place, schema);
                self.values(place, schema);
                match schema.get("items") {
                    Some(items @ Value::Object(_)) => self.part(&format!("{place}[]"), items, level + 1),
                    _ => self.complain(place, Fault::Items),
                }
            }
            Some(_) => {
                self.keywords(place, schema);
                let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
                let texts = |values: &Vec<Value>| !values.is_empty() && values.iter().all(is_text);
                if schema.get("enum").is_some_and(|values| !values.as_array().is_some_and(texts)) {
                    self.complain(place, Fault::Enum);
                }
            }
        }
    }

    /// What is one of several. None of it is the same as left out.
    fn alternatives(&mut self, place: &str, schema: &Value, alternatives: &[Value], level: usize) {
        self.keywords(place, schema);
        let keywords = schema.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        let beside = keywords.filter(|name| !BESIDE_ALTERNATIVES.contains(name) && !UNREAD.contains(name));
        beside.for_each(|name| self.complain(place, Fault::Beside(name.to_owned())));
        let real: Vec<&Value> = alternatives.iter().filter(|part| part["type"] != "null").collect();
        if real.is_empty() {
            self.complain(place, Fault::Untyped);
        }
        for part in real {
            match part.get("anyOf") {
                Some(_) => self.complain(place, Fault::Nested),
                None => self.part(place, part, level),
            }
        }
    }

    /// An object and its fields.
    fn object(&mut self, place: &str, schema: &Value, level: usize) {
        self.keywords(place, schema);
        self.values(place, schema);
        if schema.get("additionalProperties").is_some_and(|more| !more.is_boolean()) {
            self.complain(place, Fault::Open);
        }
        let none = Map::new();
        let fields = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        for (name, field) in fields {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
                self.complain(&place, Fault::Name);
            }
            let described =
                field.get("description").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
            if !described {
                self.complain(&place, Fault::Undescribed);
            }
            self.part(&place, field, level + 1);
        }
    }

    /// Which objects or lists there may be, as a whole.
    fn values(&mut self, place: &str, schema: &Value) {
        let named = ["enum", "const"].into_iter().filter(|keyword| schema.get(keyword).is_some());
        named.for_each(|keyword| self.complain(place, Fault::Keyword(keyword.to_owned())));
    }

    fn keywords(&mut self, place: &str, schema: &Value) {
        let unread = UNREAD.iter().filter(|keyword| schema.get(**keyword).is_some());
        unread.for_each(|keyword| self.complain(place, Fault::Keyword((*keyword).to_owned())));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{json::Json, tool::Effect};

    /// Objects in each other, that many of them, with a text innermost.
    fn nested(levels: usize) -> Value {
        let text = json!({"type": "string", "description": "d"});
        (0..levels).fold(text, |inner, _| json!({"type": "object", "description": "d", "properties": {"f": inner}}))
    }

    fn complaints(schema: &Value) -> Vec<String> {
        let tool = Tool {
            name: "t".into(),
            title: None,
            description: "does".into(),
            input_schema: Json::of(schema),
            output_schema: None,
            effect: Effect::Read,
            identity: Vec::new(),
            reconcilable: false,
        };
        lint(&tool).into_iter().map(|Complaint { place, fault }| format!("{place} {fault:?}")).collect()
    }

    #[test]
    fn what_every_provider_takes_is_let_through() {
        let described = |mut schema: Value| {
            schema["description"] = json!("what it is");
            schema
        };
        for fields in [
            json!({}),
            json!({"to": described(json!({"type": "string", "format": "date-time", "pattern": "^a", "maxLength": 9}))}),
            json!({"kind": described(json!({"type": "string", "enum": ["a", "b"]}))}),
            json!({"either": described(json!({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}))}),
            json!({"lines": described(json!({"type": "array", "items": {
                "type": "object",
                "properties": {"amount": described(json!({"type": "number", "minimum": 0}))},
                "additionalProperties": false,
            }}))}),
            json!({"deep": nested(LEVELS_MAX - 2)}),
        ] {
            let schema = json!({"type": "object", "properties": fields, "required": [], "additionalProperties": false});
            assert_eq!(complaints(&schema), Vec::<String>::new(), "{schema}");
        }
    }

    #[test]
    fn what_some_provider_has_no_word_for_is_named_with_its_place() {
        let said = |mut schema: Value| {
            schema["description"] = json!("what it is");
            json!({"type": "object", "properties": {"a": schema}})
        };
        for (schema, expected) in [
            (json!({"type": "object", "properties": {}, "anyOf": []}), &["the arguments Alternatives"][..]),
            (json!({"type": "object", "oneOf": []}), &["the arguments Keyword(\"oneOf\")"]),
            (json!({"type": "object", "properties": {}, "minProperties": 1}), &["the arguments Open"]),
            (json!({"type": "object", "required": ["a"]}), &["the arguments Open"]),
            (json!({"type": "object", "not": {}}), &["the arguments Keyword(\"not\")"]),
            (json!({"type": "object", "enum": [{"a": "b"}]}), &["the arguments Keyword(\"enum\")"]),
            (json!({"type": "object", "const": {}}), &["the arguments Keyword(\"const\")"]),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), &["the arguments Open"]),
            (json!({"type": "object", "dependentRequired": {}}), &["the arguments Keyword(\"dependentRequired\")"]),
            (json!({"type": "object", "properties": {"a": {"type": "string"}}}), &["a Undescribed"]),
            (
                json!({"type": "object", "properties": {"a": {"type": "string", "description": " "}}}),
                &["a Undescribed"],
            ),
            (said(json!({})), &["a Untyped"]),
            (said(json!({"type": ["string", "null"]})), &["a Untyped"]),
            (said(json!({"$ref": "#/$defs/a"})), &["a Keyword(\"$ref\")", "a Untyped"]),
            (said(json!({"type": "null"})), &["a Untyped"]),
            (said(json!({"type": "object"})), &["a Open"]),
            (said(json!({"type": "array", "items": {"type": "string"}, "enum": [["b"]]})), &["a Keyword(\"enum\")"]),
            (said(json!({"type": "object", "additionalProperties": {}})), &["a Open", "a Open"]),
            (said(json!({"type": "array"})), &["a Items"]),
            (said(json!({"type": "array", "items": true})), &["a Items"]),
            (said(json!({"type": "array", "items": {"type": "array"}})), &["a[] Items"]),
            (said(json!({"type": "array", "prefixItems": []})), &["a Keyword(\"prefixItems\")", "a Items"]),
            (said(json!({"type": "integer", "enum": [1, 2]})), &["a Enum"]),
            (said(json!({"type": "string", "enum": []})), &["a Enum"]),
            (said(json!({"type": "string", "enum": ["b", ""]})), &["a Enum"]),
            (said(json!({"type": "string", "not": {}})), &["a Keyword(\"not\")"]),
            (said(json!({"anyOf": [{"type": "string"}, {}]})), &["a Untyped"]),
            (said(json!({"anyOf": [{"type": "null"}]})), &["a Untyped"]),
            (said(json!({"anyOf": [{"type": "string"}], "type": "string"})), &["a Beside(\"type\")"]),
            (said(json!({"anyOf": [{"type": "string"}], "maxLength": 9})), &["a Beside(\"maxLength\")"]),
            (said(json!({"anyOf": [{"type": "string"}], "not": {}})), &["a Keyword(\"not\")"]),
            (said(json!({"anyOf": [{"type": "string"}, {"anyOf": [{"type": "integer"}]}]})), &["a Nested"]),
            (said(json!({"type": "object", "properties": {"b": {"type": "string"}}})), &["a.b Undescribed"]),
            (
                json!({"type": "object", "properties": {"größe": {"type": "number", "description": "d"}}}),
                &["größe Name"],
            ),
        ] {
            assert_eq!(complaints(&schema), expected, "{schema}");
        }
        let too_deep = complaints(&json!({"type": "object", "properties": {"a": nested(LEVELS_MAX - 1)}}));
        assert!(matches!(too_deep.as_slice(), [one] if one.ends_with(" Deep")), "{too_deep:?}");
    }
}
