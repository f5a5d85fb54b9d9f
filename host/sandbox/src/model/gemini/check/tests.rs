use serde_json::{Value, json};

use super::check;
use crate::model::format;

/// `expected` is a part of the refusal's message, or `None` where the provider takes the body.
#[track_caller]
fn expect(body: Value, expected: Option<&str>) {
    let refused = format::expect(check(&body), &body, expected);
    assert!(refused.is_none_or(|refused| refused.status == 400), "{body}");
}

fn user(parts: Value) -> Value {
    json!({"role": "user", "parts": parts})
}

fn model(parts: Value) -> Value {
    json!({"role": "model", "parts": parts})
}

fn says(words: &str) -> Value {
    json!({"text": words})
}

fn call(name: &str) -> Value {
    json!({"functionCall": {"name": name, "args": {}}, "thoughtSignature": "c2ln"})
}

fn response(name: &str) -> Value {
    json!({"functionResponse": {"name": name, "response": {"output": "done"}}})
}

fn hi() -> Value {
    user(json!([says("hi")]))
}

#[test]
fn calls_may_be_forbidden() {
    let with = |config: Value| json!({"contents": [hi()], "toolConfig": config});
    let calling = |config: Value| with(json!({"functionCallingConfig": config}));
    for mode in ["MODE_UNSPECIFIED", "AUTO", "NONE", "ANY", "VALIDATED"] {
        expect(calling(json!({"mode": mode})), None);
    }
    expect(calling(json!({})), None);
    expect(calling(json!({"mode": "ANY", "allowedFunctionNames": ["note"]})), None);
    expect(calling(json!({"mode": "NONE", "allowedFunctionNames": ["note"]})), Some("only when function calling mode"));
    expect(calling(json!({"mode": "none"})), Some("Invalid value at 'tool_config.function_calling_config.mode'"));
    expect(calling(json!({"mode": 1})), Some("Invalid value at 'tool_config.function_calling_config.mode'"));
    expect(calling(json!({"modus": "NONE"})), Some("Unknown name \"modus\""));
    expect(with(json!("NONE")), Some("Invalid value at 'tool_config'"));
}

#[test]
fn bodies() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"contents": [hi()]});
        body[name] = value;
        body
    };
    let none = "* GenerateContentRequest.contents: contents is not specified\n";
    expect(json!([]), Some("Expected an object"));
    expect(json!({}), Some(none));
    expect(with("contents", json!([])), Some(none));
    expect(with("contents", json!("hi")), Some("Invalid value at 'contents'"));
    expect(with("messages", json!([])), Some("Unknown name \"messages\": Cannot find field."));
    expect(with("safetySettings", json!({})), Some("Invalid value at 'safety_settings'"));
    expect(with("safety_settings", json!([])), None);
    expect(with("systemInstruction", json!({"parts": [says("Be kind.")]})), None);
    expect(with("system_instruction", json!({"parts": []})), Some("system_instruction.parts"));
    expect(with("systemInstruction", json!("Be kind.")), Some("Invalid value at 'system_instruction'"));
    expect(
        with("systemInstruction", json!({"parts": [says("")]})),
        Some("system_instruction.parts[0].data: required oneof"),
    );
    expect(with("systemInstruction", json!({"parts": [call("f")]})), Some("only text"));
}

#[test]
fn parts() {
    let one = |part: Value, expected| expect(json!({"contents": [user(json!([part]))]}), expected);
    let data = "contents[0].parts[0].data: required oneof field 'data' must have one initialized field";
    one(json!("hi"), Some("Invalid value at 'contents[0].parts[0]'"));
    one(says(""), Some(data));
    one(json!({"thought": true}), Some(data));
    one(json!({"text": "", "thoughtSignature": "c2ln"}), None);
    one(json!({"text": 7}), Some("(TYPE_STRING), 7"));
    one(json!({"text": "hm", "thought": "yes"}), Some("(TYPE_BOOL)"));
    one(json!({"text": "hi", "words": 1}), Some("Unknown name \"words\" at 'contents[0].parts[0]'"));
    one(json!({"text": "hi", "inlineData": {}}), Some("oneof field 'data' is already set. Cannot set 'inlineData'"));
    one(json!({"text": "hi", "thoughtSignature": "no base64"}), Some("(TYPE_BYTES), Base64 decoding failed for \"no"));
    one(json!({"text": "hi", "thoughtSignature": 7}), Some("(TYPE_BYTES), 7"));
    one(json!({"inlineData": {"mimeType": "audio/wav", "data": "AA=="}}), None);
    one(json!({"inline_data": {"mime_type": "audio/wav"}}), Some("inline_data.data: must not be empty"));
    one(json!({"fileData": {"mimeType": "audio/wav"}}), Some("file_data.file_uri: must not be empty"));
    let altered = json!({"text": "bye", "thoughtSignature": crate::model::gemini::seal::of(&says("hi"))});
    one(altered, Some("Corrupted thought signature."));
}

#[test]
fn contents() {
    let history = |contents: &[Value], expected| expect(json!({"contents": contents}), expected);
    history(&[json!("hi")], Some("Invalid value at 'contents[0]'"));
    history(&[json!({"parts": [says("hi")]})], None);
    history(&[json!({"role": "system", "parts": [says("hi")]})], Some("Please use a valid role: user, model."));
    history(&[user(json!([]))], Some("contents[0].parts: contents.parts must not be empty."));
    history(&[json!({"role": "user", "content": "hi"})], Some("Unknown name \"content\" at 'contents[0]'"));
    history(&[model(json!([says("hi")])), hi()], None);
    history(&[hi(), model(json!([says("hello")]))], Some("end with a user turn"));
    let one = |field: &str, value: Value, expected| {
        let mut call = call("f");
        call["functionCall"][field] = value;
        history(&[hi(), model(json!([call])), user(json!([response("f")]))], expected);
    };
    one("args", json!("{}"), Some("function_call.args' (type.googleapis.com/google.protobuf.Struct)"));
    one("args", json!(null), None);
    one("name", json!(""), Some("function_call.name: Name cannot be empty."));
    one("name", json!("a b"), Some("Invalid function name."));
    one("arguments", json!({}), Some("Unknown name \"arguments\""));
    let one = |field: &str, value: Value, expected| {
        let mut response = response("f");
        response["functionResponse"][field] = value;
        history(&[hi(), model(json!([call("f")])), user(json!([response]))], expected);
    };
    one("response", json!("done"), Some("function_response.response' (type.googleapis.com"));
    one("response", json!(null), Some("function_response.response: Response cannot be empty."));
    one("name", json!(null), Some("function_response.name: Name cannot be empty."));
    one("name", json!("g"), Some("answered by the function response 'g'."));
    one("id", json!("a"), Some("'f' with id 'a'"));
}

#[test]
fn responses_follow_their_calls() {
    let history = |contents: &[Value], expected| expect(json!({"contents": contents}), expected);
    let (after_user, after_call) = (Some("after a user turn"), Some("after a function call turn"));
    let count = Some("number of function response parts is equal");
    let calls = |names: &[&str]| model(names.iter().copied().map(call).collect());
    let answers = |names: &[&str]| user(names.iter().copied().map(response).collect());
    history(&[hi(), calls(&["f", "g"]), answers(&["g", "f"])], None);
    history(&[hi(), calls(&["f"]), answers(&["f"]), calls(&["f"]), answers(&["f"]), hi()], None);
    history(&[hi(), calls(&["f"]), user(json!([response("f"), says("and now?")]))], None);
    history(&[calls(&["f"]), answers(&["f"])], after_user);
    history(&[hi(), model(json!([says("one moment")])), calls(&["f"]), answers(&["f"])], after_user);
    history(&[user(json!([call("f")])), answers(&["f"])], after_user);
    history(&[answers(&["f"])], after_call);
    history(&[hi(), calls(&["f"]), answers(&["f"]), answers(&["f"])], after_call);
    history(&[hi(), model(json!([response("f")]))], after_call);
    history(&[hi(), calls(&["f"])], count);
    history(&[hi(), calls(&["f"]), hi()], count);
    history(&[hi(), calls(&["f", "g"]), answers(&["f"])], count);
    history(&[hi(), calls(&["f"]), answers(&["f", "f"])], count);
    history(&[hi(), calls(&["f", "g"]), answers(&["f", "f"])], Some("function response 'f'."));
}

#[test]
fn calls_of_the_current_turn_are_sealed() {
    let history = |contents: &[Value], expected| expect(json!({"contents": contents}), expected);
    let bare = json!({"functionCall": {"name": "f"}});
    let missing = Some("missing a thought_signature in functionCall parts");
    let answered = user(json!([response("f")]));
    history(&[hi(), model(json!([bare])), answered.clone()], missing);
    history(&[hi(), model(json!([bare])), answered.clone(), hi()], None);
    history(&[hi(), model(json!([call("f")])), answered.clone(), model(json!([bare])), answered.clone()], missing);
    let both = user(json!([response("f"), response("f")]));
    history(&[hi(), model(json!([call("f"), bare])), both.clone()], None);
    history(&[hi(), model(json!([bare, call("f")])), both], missing);
}

#[test]
fn generation() {
    let config = |config: Value, expected| expect(json!({"contents": [hi()], "generationConfig": config}), expected);
    config(
        json!({"temperature": 2, "topP": 0.5, "topK": 40, "maxOutputTokens": 250, "stopSequences": ["a"], "seed": -7}),
        None,
    );
    config(json!({"top_p": 0.5, "max_output_tokens": 1}), None);
    config(json!({"max_tokens": 250}), Some("Unknown name \"max_tokens\" at 'generation_config'"));
    config(json!({"temperature": 2.1}), Some("temperature must be in the range [0.0, 2.0]."));
    config(json!({"temperature": "hot"}), Some("(TYPE_FLOAT), \"hot\""));
    config(json!({"topP": -1}), Some("top_p must be in the range"));
    config(json!({"topK": 0}), Some("top_k must be at least 1"));
    config(json!({"maxOutputTokens": 0}), Some("max_output_tokens must be at least 1"));
    config(json!({"maxOutputTokens": 1.5}), Some("(TYPE_INT32), 1.5"));
    config(json!({"candidateCount": 9}), Some("at most 8"));
    config(json!({"presencePenalty": 0.1}), Some("Penalty is not enabled for this model"));
    config(json!({"stopSequences": ["a", "b", "c", "d", "e", "f"]}), Some("at most 5"));
    config(json!({"stopSequences": [1]}), Some("(TYPE_STRING), 1"));
    config(json!({"stopSequences": "a"}), Some("generation_config.stop_sequences"));
    let thinking = |value: Value, expected| config(json!({"thinkingConfig": value}), expected);
    thinking(json!({"thinkingLevel": "LOW", "includeThoughts": true}), None);
    thinking(json!({"thinkingLevel": "low"}), None);
    thinking(json!({"thinkingBudget": -1}), None);
    thinking(json!({"thinkingLevel": "extreme"}), Some("ThinkingLevel), \"EXTREME\""));
    thinking(json!({"thinkingLevel": "LOW", "thinkingBudget": 1}), Some("not supported together"));
    thinking(json!({"thinkingBudget": 52_428}), Some("The thinking budget (52428) is invalid."));
    thinking(json!({"thinkingBudget": "much"}), Some("(TYPE_INT32)"));
    thinking(json!({"effort": "low"}), Some("Unknown name \"effort\""));
}

#[test]
fn tools() {
    let body = |tools: Value| json!({"contents": [hi()], "tools": tools});
    let functions = |functions: Value| body(json!([{"functionDeclarations": functions}]));
    let one = |function: Value, expected| expect(functions(json!([function])), expected);
    let text = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    one(json!({"name": "crm.note:v-1", "description": "writes"}), None);
    one(json!({"name": "note", "parameters": text}), None);
    one(json!({"name": "note", "parametersJsonSchema": {"type": "object"}}), None);
    one(json!({"name": "note", "parametersJsonSchema": {"type": "array"}}), Some("must describe an object"));
    one(
        json!({"name": "note", "parametersJsonSchema": {"type": "object"}, "parameters": text}),
        Some("mutually exclusive"),
    );
    one(
        json!({"name": "note", "strict": true}),
        Some("Unknown name \"strict\" at 'tools[0].function_declarations[0]'"),
    );
    one(json!({"name": "note", "description": 4}), Some("function_declarations[0].description' (TYPE_STRING)"));
    one(json!({}), Some("function_declarations[0].name: Name cannot be empty."));
    for bad in ["9lives", "-note", "crm note", "é", &"n".repeat(65)] {
        one(json!({"name": bad}), Some("Invalid function name. Must start with a letter"));
    }
    expect(body(json!([{"googleSearch": {}}])), None);
    expect(body(json!([{"type": "function"}])), Some("Unknown name \"type\" at 'tools[0]'"));
    expect(body(json!({})), Some("Invalid value at 'tools'"));
    expect(functions(json!([{"name": "a"}, {"name": "a"}])), Some("Duplicate function declaration found: a"));
    let many: Vec<Value> = (0..129).map(|n| json!({"name": format!("n{n}")})).collect();
    expect(functions(json!(many[..128])), None);
    expect(functions(json!(many)), Some("At most 128"));
}

#[test]
fn schemas() {
    let whole = |parameters: Value, expected| {
        let function = json!({"name": "note", "parameters": parameters});
        expect(json!({"contents": [hi()], "tools": [{"functionDeclarations": [function]}]}), expected);
    };
    let field = |schema: Value, expected| whole(json!({"type": "OBJECT", "properties": {"a": schema}}), expected);
    whole(json!({"type": "STRING"}), Some("should be of type OBJECT"));
    whole(json!({"type": "OBJECT"}), Some("parameters.properties: should be non-empty for OBJECT type"));
    whole(json!("object"), Some("Invalid value at 'tools[0].function_declarations[0].parameters'"));
    whole(
        json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]}),
        Some("parameters.required[0]: property is not defined"),
    );
    whole(json!({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}), None);
    field(json!({"type": "STRING", "enum": ["x"], "minLength": 1, "nullable": true}), None);
    field(json!({"type": "STRING", "enum": [""]}), Some("properties[a].enum[0]: cannot be empty"));
    field(json!({"type": "INTEGER", "enum": ["1"]}), Some("properties[a].enum: only allowed for STRING type"));
    field(json!({"type": "STRING", "enum": [1]}), Some("properties[0].value.enum[0]' (TYPE_STRING), 1"));
    field(
        json!({"type": "STRING", "format": "email"}),
        Some("only 'enum' and 'date-time' are supported for STRING type"),
    );
    field(json!({"type": "INTEGER", "format": "int64"}), None);
    field(json!({"type": "BOOLEAN", "format": "x"}), Some("format is only supported"));
    field(json!({"type": "ARRAY"}), Some("properties[a].items: missing field."));
    field(json!({"type": "ARRAY", "items": {}}), Some("properties[a].items.type: must be specified"));
    field(json!({"description": "any"}), Some("properties[a].type: must be specified"));
    field(json!({"type": ["string", "null"]}), Some("(TYPE_STRING)"));
    field(json!({"type": "NULL"}), Some("v1beta.Type), \"NULL\""));
    field(json!({"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}), None);
    field(json!({"anyOf": [{"type": "STRING"}], "description": "x"}), Some("must be the only field set"));
    let unknown = "at 'tools[0].function_declarations[0].parameters.properties[0].value': Cannot find field.";
    for keyword in ["additionalProperties", "const", "$ref", "exclusiveMinimum", "oneOf"] {
        let mut schema = json!({"type": "STRING"});
        schema[keyword] = json!("x");
        field(schema, Some(unknown));
    }
}
