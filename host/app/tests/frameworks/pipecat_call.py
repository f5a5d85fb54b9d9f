"""A call with Pipecat, which is sent when it ends: pipeline, context and tools are real, the model is played."""
import asyncio

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import WorkerRunner
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import LLMService

from aftercall_pipecat import send_when_finished

SYSTEM = "You answer the front desk of Acme."
SAID = ["I need an appointment next week.", "Yes, please."]
ANSWERED = [{"week": "next"}, "Tuesday at ten is free. Shall I text you that?", "I will. Goodbye!"]


class Played(LLMService):
    """A model that says its lines."""

    def __init__(self):
        super().__init__()
        self.lines = iter(ANSWERED)

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            return await self.push_frame(frame, direction)
        line = next(self.lines)
        await self.push_frame(LLMFullResponseStartFrame())
        if isinstance(line, str):
            await self.push_frame(LLMTextFrame(line))
        else:
            await self.run_function_calls([FunctionCallFromLLM("find_slots", "call_1", line, frame.context)])
        await self.push_frame(LLMFullResponseEndFrame())


async def find_slots(params) -> None:
    await params.result_callback({"week": params.arguments["week"], "slots": ["Tuesday 10:00"]})


async def speak(worker: PipelineWorker, context: LLMContext) -> None:
    """Says the caller's lines, each when the one before was answered."""
    for said, answered in zip(SAID, ANSWERED[1:]):
        await worker.queue_frame(LLMMessagesAppendFrame([{"role": "user", "content": said}], run_llm=True))
        while context.messages[-1:] != [{"role": "assistant", "content": answered}]:
            await asyncio.sleep(0.01)
    await worker.stop_when_done()


async def main() -> None:
    week = {"week": {"type": "string", "description": "Of which week."}}
    tool = FunctionSchema(name="find_slots", description="Looks up free slots.", properties=week, required=["week"])
    context = LLMContext(tools=ToolsSchema(standard_tools=[tool]))
    llm, aggregators = Played(), LLMContextAggregatorPair(context)
    llm.register_function("find_slots", find_slots)
    worker = PipelineWorker(Pipeline([aggregators.user(), llm, aggregators.assistant()]))
    call = {"id": "tried", "direction": "inbound", "from": "+15550100", "to": "+15550199"}
    model = {"provider": "openai", "model": "gpt-4.1", "system": SYSTEM, "params": {"temperature": 0.4}}
    send_when_finished(worker, context, call=call, llm=model)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak(worker, context))


asyncio.run(asyncio.wait_for(main(), 60))
