"""Put a model behind HTTP: validate, answer, collect requests into batches, stop."""

# --8<-- [start:setup]
import asyncio
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import torch
import torch.nn.functional as F
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(0)
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator.type if accelerator else "cpu"
# --8<-- [end:setup]


# --8<-- [start:train-a-model]
def make_model():
    layers = nn.Linear(64, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU()
    return nn.Sequential(*layers, nn.Linear(1024, 10))


digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32).to(device)
y = torch.tensor(digits.target).to(device)
model = make_model().to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
for _ in range(2):
    for rows in torch.arange(1400).split(64):
        loss = F.cross_entropy(model(X[rows] / 16), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
folder = tempfile.TemporaryDirectory()  # deleted at the end
weights = Path(folder.name, "digits.pt")
torch.save(model.state_dict(), weights)
# --8<-- [end:train-a-model]


# --8<-- [start:contract]
Pixel = Annotated[float, Field(ge=0, le=16)]


class Image(BaseModel):
    """What a user sends: 64 numbers from 0 to 16."""

    pixels: list[Pixel] = Field(min_length=64, max_length=64)


class Answer(BaseModel):
    """What comes back."""

    digit: int
    probability: float


# --8<-- [end:contract]


# --8<-- [start:predictor]
class Predictor:
    def __init__(self, weights):
        self.model = make_model()
        self.model.load_state_dict(torch.load(weights, map_location="cpu"))
        self.model.to(device).eval()

    @torch.inference_mode()
    def __call__(self, images):
        """Return an answer for each image of a list."""
        x = torch.tensor([image.pixels for image in images]).to(device) / 16
        best = self.model(x).softmax(dim=1).max(dim=1)
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [Answer(digit=digit, probability=p) for digit, p in pairs]


# --8<-- [end:predictor]


# --8<-- [start:service]
@asynccontextmanager
async def lifespan(app):
    """Load before the first request, and clean up after the last."""
    app.state.predict = Predictor(weights)
    app.state.predict([Image(pixels=[0] * 64)])  # warm up
    yield
    del app.state.predict


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/read")
def read(image: Image) -> Answer:
    return app.state.predict([image])[0]


# --8<-- [end:service]


# --8<-- [start:start]
def start(app):
    """Serve the app in a thread, and wait until it accepts requests."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    give_up = time.monotonic() + 30
    while not server.started:
        if not thread.is_alive() or time.monotonic() > give_up:
            raise RuntimeError("the server did not start")
        time.sleep(0.01)
    return server, thread


# --8<-- [end:start]


# --8<-- [start:start-and-stop]
@contextmanager
def serving(app):
    """Serve the app on a free port; give a client, and stop the server at the end."""
    server, thread = start(app)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    fresh = {"Connection": "close"}  # a connection for each request
    try:
        with httpx.Client(base_url=url, timeout=30, headers=fresh) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=30)


# --8<-- [end:start-and-stop]


# --8<-- [start:ask-the-service]
image = X[1500].tolist()
with serving(app) as client:
    print(client.get("/health").json())
    reply = client.post("/read", json={"pixels": image})
    print(reply.status_code, f"digit {reply.json()['digit']}, label {y[1500].item()}")
# --8<-- [end:ask-the-service]


# --8<-- [start:wrong-questions]
questions = {
    "63 pixels": {"pixels": image[:63]},
    "text": {"pixels": ["dark"] * 64},
    "other scale": {"pixels": [255.0] * 64},
    "other name": {"image": image},
}
with serving(app) as client:
    for name, question in questions.items():
        reply = client.post("/read", json=question)
        first = reply.json()["detail"][0]
        print(f"{name}: {reply.status_code}, {first['loc']}: {first['msg']}")
# --8<-- [end:wrong-questions]


# --8<-- [start:without-a-contract]
unchecked = FastAPI(lifespan=lifespan)


@unchecked.post("/read")
def read_unchecked(body: dict) -> Answer:
    x = torch.tensor(body["pixels"]).to(device) / 16
    with torch.inference_mode():
        best = model(x[None]).softmax(dim=1).max(dim=1)
    return Answer(digit=best.indices.item(), probability=best.values.item())


with serving(unchecked) as client:
    for name, question in questions.items():
        reply = client.post("/read", json=question)
        if reply.is_success:
            print(f"{name}: 200, probability {reply.json()['probability']:.2f}")
        else:
            print(f"{name}: {reply.status_code}, {reply.text}")
# --8<-- [end:without-a-contract]


# --8<-- [start:load-each-time]
def seconds(work, repeats=10):
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return time.perf_counter() - start


predict = Predictor(weights)
question = [Image(pixels=image)]
once = seconds(lambda: predict(question))
each = seconds(lambda: Predictor(weights)(question))
print(f"loading for each request takes {each / once:.0f} times as long")
# --8<-- [end:load-each-time]


# --8<-- [start:blocked-loop]
busy = FastAPI()
busy.add_api_route("/health", health)


@busy.get("/slow-async")
async def slow_async():
    time.sleep(0.5)  # stands for a large model


@busy.get("/slow")
def slow():
    time.sleep(0.5)


def health_while(client, path):
    """Return how long a health check takes while another request is being answered."""
    with ThreadPoolExecutor() as pool:
        other = pool.submit(client.get, path)
        time.sleep(0.1)  # let it begin
        waited = seconds(lambda: client.get("/health"), repeats=1)
        other.result()
    return waited


with serving(busy) as client:
    for path in ("/slow-async", "/slow"):
        print(f"{path}: health check takes {1000 * health_while(client, path):.0f} ms")
# --8<-- [end:blocked-loop]


# --8<-- [start:collect-into-batches]
class Batcher:
    """Collect questions for a few milliseconds, and answer them with one call."""

    def __init__(self, predict, most=32, wait=0.004):
        self.predict, self.most, self.wait = predict, most, wait
        self.waiting, self.sizes = asyncio.Queue(), []

    async def ask(self, image):
        answer = asyncio.get_running_loop().create_future()
        await self.waiting.put((image, answer))
        return await answer

    async def collect(self):
        pairs = [await self.waiting.get()]
        try:
            async with asyncio.timeout(self.wait):
                while len(pairs) < self.most:
                    pairs.append(await self.waiting.get())
        except TimeoutError:
            pass  # answer those who are here
        return zip(*pairs, strict=True)


# --8<-- [end:collect-into-batches]


# --8<-- [start:answer-batches]
async def answer_forever(batcher):
    while True:
        images, answers = await batcher.collect()
        batcher.sizes.append(len(images))
        try:
            found = await asyncio.to_thread(batcher.predict, images)
        except Exception as error:
            found = [error] * len(images)
        for answer, value in zip(answers, found, strict=True):
            if answer.done():  # cancelled meanwhile, as by a timeout around `ask`
                continue
            if isinstance(value, Exception):
                answer.set_exception(value)
            else:
                answer.set_result(value)


# --8<-- [end:answer-batches]


# --8<-- [start:batching-service]
@asynccontextmanager
async def batching_lifespan(app):
    app.state.predict = Predictor(weights)
    app.state.batcher = Batcher(app.state.predict)
    task = asyncio.create_task(answer_forever(app.state.batcher))
    yield
    task.cancel()


batching = FastAPI(lifespan=batching_lifespan)


@batching.post("/read-alone")
def read_alone(image: Image) -> Answer:
    return batching.state.predict([image])[0]


@batching.post("/read")
async def read_batched(image: Image) -> Answer:
    return await batching.state.batcher.ask(image)


# --8<-- [end:batching-service]


# --8<-- [start:same-answers]
def ask_all(client, path, images, users=32):
    """Return the digits that so many users get who ask at the same time."""
    with ThreadPoolExecutor(users) as pool:
        replies = pool.map(lambda p: client.post(path, json={"pixels": p}), images)
        return [reply.json()["digit"] for reply in replies]


def agreeing(answers, others):
    return sum(a == b for a, b in zip(answers, others, strict=True))


images = X[1400:1592].tolist()
with serving(batching) as client:
    one_by_one = ask_all(client, "/read-alone", images)
    together = ask_all(client, "/read", images)
    sizes = batching.state.batcher.sizes
print(agreeing(one_by_one, together), "of", len(images), "answers agree")
print(f"{len(sizes)} batches, the largest of {max(sizes)}")
# --8<-- [end:same-answers]


# --8<-- [start:throughput]
async def ask_directly(questions, most):
    """Answer all questions through a batcher, without HTTP around it."""
    batcher = Batcher(predict, most)
    task = asyncio.create_task(answer_forever(batcher))
    await asyncio.gather(*(batcher.ask(question) for question in questions))
    task.cancel()


questions = [Image(pixels=pixels) for pixels in images]
asyncio.run(ask_directly(questions, most=32))  # warm up
alone, together = (
    seconds(lambda most=most: asyncio.run(ask_directly(questions, most)), repeats=3)
    for most in (1, 32)
)
print(f"without HTTP, batches take 1/{alone / together:.1f} of the time")
with serving(batching) as client:
    alone, together = (
        seconds(lambda path=path: ask_all(client, path, images), repeats=1)
        for path in ("/read-alone", "/read")
    )
print(f"with HTTP, batches take 1/{alone / together:.1f} of the time")
# --8<-- [end:throughput]


# --8<-- [start:solution-many-images]
class Images(BaseModel):
    images: list[Image] = Field(min_length=1, max_length=64)


@app.post("/read-many")
def read_many(question: Images) -> list[Answer]:
    return app.state.predict(question.images)


with serving(app) as client:
    for count in (3, 65):
        question = {"images": [{"pixels": pixels} for pixels in images[:count]]}
        reply = client.post("/read-many", json=question)
        print(count, "images:", reply.status_code)
# --8<-- [end:solution-many-images]


# --8<-- [start:solution-full-queue]
@batching.post("/read-or-refuse")
async def read_or_refuse(image: Image) -> Answer:
    if batching.state.batcher.waiting.qsize() >= 8:
        raise HTTPException(503, "busy, ask again later", headers={"Retry-After": "1"})
    return await batching.state.batcher.ask(image)


def slow_predict(images):
    time.sleep(0.2)
    return predict(images)


with serving(batching) as client:
    batching.state.batcher.predict, batching.state.batcher.most = slow_predict, 4
    with ThreadPoolExecutor(32) as pool:
        replies = pool.map(
            lambda p: client.post("/read-or-refuse", json={"pixels": p}), images[:32]
        )
        codes = {reply.status_code for reply in replies}
print("replies:", *sorted(codes))
# --8<-- [end:solution-full-queue]


# --8<-- [start:mixed-up-answers]
mixed = FastAPI(lifespan=lifespan)


@mixed.post("/read")
async def read_with_settings(image: Image) -> Answer:
    mixed.state.image = image
    await asyncio.sleep(0.02)  # look up the user's settings
    return mixed.state.predict([mixed.state.image])[0]


with serving(mixed) as client:
    for users in (1, 16):
        digits_read = ask_all(client, "/read", images[:64], users)
        right = agreeing(digits_read, one_by_one[:64])
        print(f"{users} at a time: {right} of 64 as before")
# --8<-- [end:mixed-up-answers]


# --8<-- [start:solution-mixed-up-answers]
@mixed.post("/read-own")
async def read_own(image: Image) -> Answer:
    await asyncio.sleep(0.02)
    return mixed.state.predict([image])[0]


with serving(mixed) as client:
    digits_read = ask_all(client, "/read-own", images[:64], users=16)
print(agreeing(digits_read, one_by_one[:64]), "of 64 as before")
# --8<-- [end:solution-mixed-up-answers]
