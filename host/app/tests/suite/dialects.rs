//! The same call goes on in each dialect, from the webhook to the text that the caller was promised.

use aftercall_core::conversation::Dialect;
use aftercall_sandbox::Service;

use crate::served::{Served, call};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_in_each_dialect() {
    for (dialect, path, stream, background) in [
        (Dialect::OpenaiChat, "/v1/chat/completions", None, false),
        (Dialect::OpenaiChat, "/v1/chat/completions", Some(false), false),
        (Dialect::OpenaiResponses, "/v1/responses", None, false),
        (Dialect::OpenaiResponses, "/v1/responses", None, true),
        (Dialect::Anthropic, "/v1/messages", None, false),
        (Dialect::Gemini, "/v1beta/models/gpt-4.1:streamGenerateContent?alt=sse", None, false),
        (Dialect::Gemini, "/v1beta/models/gpt-4.1:generateContent", Some(false), false),
    ] {
        let served = Served::start(|config| {
            for model in config.models.values_mut() {
                (model.dialect, model.stream, model.background) = (dialect, stream, background);
                if dialect == Dialect::Gemini {
                    model.base_url = model.base_url.replace("/v1", "/v1beta");
                }
            }
        })
        .await;
        let taken = served.post_call(&call("c1")).await;
        assert_eq!(taken.status, 202, "{}", taken.text);
        let run = taken.json()["run"].as_str().expect("a run").to_owned();
        served.ended(&run, "completed").await;
        let requests = served.sandbox.requests();
        let turns: Vec<_> = requests.iter().filter(|request| request.service == Service::Model).collect();
        assert!(turns.len() > 1 && turns.iter().all(|turn| turn.status == Some(200)), "{dialect}: {turns:?}");
        assert!(turns.iter().all(|turn| turn.target.starts_with(path)), "{dialect}: {turns:?}");
        assert_eq!(served.texts(), 1, "{dialect}");
        served.stop().await;
    }
}
