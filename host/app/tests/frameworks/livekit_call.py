"""A call with LiveKit Agents, which is sent when it ends: session, tools and report are real, the model and the job are played."""
import asyncio
from types import MethodType, SimpleNamespace

from livekit.agents import Agent, AgentSession, JobContext, function_tool, llm

from aftercall_livekit import send_call

SAID = ["I need an appointment next week.", "Yes, please."]
ANSWERED = [
    [llm.FunctionToolCall(name="find_slots", arguments='{"week": "next"}', call_id="call_1")],
    "Tuesday at ten is free. Shall I text you that?",
    "I will. Goodbye!",
]


class Played(llm.LLM):
    """A model that says its lines."""

    model = "gpt-4.1"
    provider = "openai"

    def __init__(self):
        super().__init__()
        self.lines = iter(ANSWERED)

    def chat(self, *, chat_ctx, tools=None, conn_options, **_):
        return Line(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Line(llm.LLMStream):
    async def _run(self):
        line = next(self._llm.lines)
        said = {"content": line} if isinstance(line, str) else {"tool_calls": line}
        self._event_ch.send_nowait(llm.ChatChunk(id="line", delta=llm.ChoiceDelta(role="assistant", **said)))


@function_tool
async def find_slots(week: str) -> dict:
    """Looks up free slots.

    Args:
        week: Of which week.
    """
    return {"week": week, "slots": ["Tuesday 10:00"]}


def context(session: AgentSession) -> SimpleNamespace:
    """What `on_session_end` is given, without a room on a server."""
    job = SimpleNamespace(id="AJ_tried", room=SimpleNamespace(sid="RM_1", name="call"), agent_name="ann")
    played = SimpleNamespace(job=job, primary_session=session, _primary_agent_session=session)
    played._tagger = SimpleNamespace(tags=set())
    played.make_session_report = MethodType(JobContext.make_session_report, played)
    return played


async def main() -> None:
    session = AgentSession(llm=Played())
    await session.start(Agent(instructions="You answer the front desk of Acme.", tools=[find_slots]))
    for said in SAID:
        await session.run(user_input=said)
    await session.aclose()
    call = {"direction": "inbound", "from": "+15550100", "to": "+15550199"}
    await send_call(context(session), call=call, params={"temperature": 0.4})


asyncio.run(asyncio.wait_for(main(), 60))
