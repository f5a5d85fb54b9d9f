"""Posts a Pipecat call to aftercall once its pipeline has finished: pipecat.md says how to use it."""
import asyncio, base64, hmac, json, os, time, urllib.request


def send_when_finished(worker, context, call: dict, llm: dict) -> None:
    call = {"started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **call}

    @worker.event_handler("on_pipeline_finished")
    async def finished(worker, frame):
        messages = [m if isinstance(m, dict) else vars(m) for m in context.messages]  # vars: an LLMSpecificMessage
        tools = [t.to_default_dict() for t in getattr(context.tools, "standard_tools", [])]
        model = {"tools": tools, **llm, "dialect": "openai-chat", "messages": messages}
        record = {"schema": "aftercall.call/1", "source": {"platform": "pipecat"}, "llm": model,
                  "conversation": {"ended_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **call}}
        await asyncio.to_thread(post, "msg_" + call["id"], json.dumps(record, default=plain).encode())


def plain(value):
    if isinstance(value, bytes):  # Gemini's thought signatures
        return base64.b64encode(value).decode()
    return value.to_json_dict() if hasattr(value, "to_json_dict") else str(value)  # its messages are google-genai's


def post(id: str, body: bytes) -> None:
    key = base64.b64decode(os.environ["AFTERCALL_KEY"].removeprefix("whsec_"))
    for wait in (1, 5, 25, 60, None):
        at = str(int(time.time()))
        signature = "v1," + base64.b64encode(hmac.digest(key, f"{id}.{at}.".encode() + body, "sha256")).decode()
        headers = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature, "content-type": "application/json"}
        request = urllib.request.Request(os.environ["AFTERCALL_URL"], body, headers)
        try:
            return urllib.request.urlopen(request, timeout=30).close()
        except OSError as error:  # what is refused for good is not sent again
            if wait is None or getattr(error, "code", 503) not in (408, 429, 500, 502, 503, 504):
                raise
            time.sleep(wait)
