//! Tools whose arguments have hard schemas: whoever goes on takes them.

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    json::Json,
    model::History,
    schema::Schema,
};

use crate::request::{Asked, Stage};

const SCHEMAS: [&str; 27] = [
    r#"{"type":"object"}"#,
    r#"{"type":"object","properties":{}}"#,
    r#"{"type":"object","properties":{},"additionalProperties":false}"#,
    r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
    r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"array","items":{"type":"object","properties":{"c":{"type":"number"}},"required":["c"]}}}}},"required":["a"]}"#,
    r#"{"type":"object","properties":{"a":{"type":"array"}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"array"}}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":["array","null"]}}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"array","prefixItems":[{"type":"string"},{"type":"array"}],"items":false}}}"#,
    r#"{"type":"object","properties":{"a":{"enum":["x","y"]},"b":{"type":"integer","enum":[1,2]},"c":{"enum":["x",1,null]},"d":{"type":"string","enum":["","x"]}}}"#,
    r#"{"type":"object","properties":{"a":{"const":"x"},"b":{"const":1},"c":{"const":null},"d":{"const":{"e":1}}}}"#,
    r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]},"b":{"oneOf":[{"type":"integer"},{"type":"array"}]}}}"#,
    r#"{"type":"object","properties":{"a":{"anyOf":[{"type":"string"}],"description":"d","minLength":1}}}"#,
    r#"{"type":"object","properties":{"a":{"allOf":[{"type":"string"},{"minLength":1}]},"b":{"not":{"type":"string"}}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":[]}]}"#,
    r#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}],"allOf":[{"required":["a"]}],"not":{"required":["z"]}}"#,
    r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/A"}},"$defs":{"A":{"type":"object","properties":{"n":{"type":"integer"}}}}}"##,
    r##"{"type":"object","properties":{"a":{"$ref":"#/definitions/A","description":"One."}},"definitions":{"A":{"type":"array","items":{"type":"string"}}}}"##,
    r#"{"type":"object","properties":{"a":{"type":"string","format":"date-time"},"b":{"type":"string","format":"email"},"c":{"type":"number","format":"float"},"d":{"type":"integer","format":"uint8"}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"string","pattern":"^\\+[1-9][0-9]{6,14}$","minLength":0,"maxLength":16}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"number","minimum":0,"exclusiveMaximum":1.5,"multipleOf":0.5,"default":0}}}"#,
    r#"{"type":"object","properties":{"a":{"type":["string","integer","null"]},"b":{"type":["object","array"]}}}"#,
    r#"{"type":"object","properties":{"a":{},"b":true,"c":false,"d":{"description":"Anything."}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"object"},"b":{"type":"object","additionalProperties":true},"c":{"type":"object","patternProperties":{"^x":{"type":"string"}}}}}"#,
    r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a","gone"],"minProperties":1,"dependentRequired":{"a":["b"]},"if":{"required":["a"]},"then":{"required":["b"]}}"#,
    r#"{"type":"object","properties":{"type":{"type":"string"},"$ref":{"type":"string"},"properties":{"type":"object","properties":{"items":{"type":"string"}}},"ünï é":{"type":"boolean"}}}"#,
    r#"{"type":"object","title":"T","description":"D","examples":[{}],"properties":{"a":{"type":"string","examples":["x"],"deprecated":true,"readOnly":true,"title":"A","x-own":1}}}"#,
];

#[test]
fn tools_with_hard_schemas_are_taken() {
    let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
    conversation.items.push(Item::message(Role::User, "Hello?"));
    let long = format!(
        r#"{{"type":"object","properties":{{"a":{{"type":"string","description":"{}"}}}}}}"#,
        "d".repeat(20_000)
    );
    let longest = "n".repeat(64);
    let mut failures = Vec::new();
    for schema in SCHEMAS.into_iter().chain([long.as_str()]) {
        // What core refuses is never offered.
        Schema::compile(&Json::parse(schema).expect("JSON").value()).expect(schema);
        for dialect in Dialect::ALL {
            for name in ["a", longest.as_str()] {
                let mut asked = Asked::new(dialect, History::AsWritten, Stage::Called);
                asked.tools.push((name.to_owned(), Json::parse(schema).expect("JSON")));
                if let Err(why) = asked.body(&conversation).and_then(|body| asked.taken(&body)) {
                    failures.push(format!("{dialect} {schema:.200}: {why}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
