"""Made this folder, once, with the last annotd of stored format 2: a project at work on MongoDB.

    ANNOTD=… MONGOD=… python3 tests/stores/golden/mongo-format-2/make.py

Four collections' worth of life: several annotators, changes of mind, skips, late answers, gold, repeats,
leases, keys, the counts of a mixture, texts that BSON cannot hold exactly. What is written: the documents as
extended JSON, a line each, and what that annotd exported.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pymongo
from bson import json_util

ANNOTD, MONGOD = os.environ["ANNOTD"], os.environ["MONGOD"]
HERE = Path(__file__).parent
WORK = Path(tempfile.mkdtemp())
PORT = 31877
SERVER = f"mongodb://127.0.0.1:{PORT}/made?directConnection=true"


def tasks():
    for n in range(40):
        yield {"text": f"Headline {n}: ferries, ünïcode 😀 and 四", "label": "PROTEST", "meta": {"n": n}}
    yield '{"text":"Numbers that BSON has not","label":"PROTEST","score":1.10,"big":123456789012345678901}'
    yield '{"text":"Keys of another kind","label":"PROTEST","$set":{"a.b":1},"":null}'
    yield {"text": "Own hashes", "label": "PROTEST", "_input_hash": -17, "_task_hash": 2147483647}
    yield {"text": "Named", "label": "PROTEST", "meta": {"annotators": ["ann", "bob"]}}
    for n in range(4):
        yield {"text": f"Gold {n}", "label": "PROTEST", "meta": {"gold": "accept" if n % 2 else "reject"}}


def main():
    database_files = WORK / "db"
    database_files.mkdir()
    mongod = subprocess.Popen(
        [MONGOD, "--dbpath", database_files, "--port", str(PORT), "--bind_ip", "127.0.0.1", "--replSet", "rs0",
         "--wiredTigerCacheSizeGB", "0.25", "--logpath", WORK / "mongod.log"], stdout=subprocess.DEVNULL)
    try:
        client = pymongo.MongoClient(SERVER)
        while True:
            try:
                client.admin.command("ping")
                break
            except pymongo.errors.PyMongoError:
                time.sleep(0.1)
        client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": f"127.0.0.1:{PORT}"}]})
        while not client.admin.command("hello").get("isWritablePrimary"):
            time.sleep(0.1)
        live(client["made"])
        write(client["made"])
    finally:
        mongod.terminate()
        mongod.wait()
        shutil.rmtree(WORK, ignore_errors=True)


def annotd(*arguments):
    environment = {**os.environ, "ANNOTD_STORE_URL": SERVER}
    return subprocess.run([ANNOTD, *arguments], cwd=WORK, env=environment, check=True, capture_output=True, text=True)


class Port:
    def __init__(self, address, key):
        self.address, self.key = address, key

    def post(self, path, body):
        request = urllib.request.Request(
            self.address + path, json.dumps(body).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def tasks(self, n):
        return self.post("/get_session_questions", {"n": n})["tasks"]

    def answer(self, task, verdict, shown=2000, **keys):
        now = int(time.time() * 1000)
        answer = {"_id": task["_id"], "answer": verdict, "_shown_at": now - shown, "_answered_at": now, **keys}
        if "_repeat" in task:
            answer["_repeat"] = task["_repeat"]
        return self.post("/give_answers", {"answers": [answer], "sent_at": now})["results"][0]["status"]


def live(database):
    roster = (HERE / "annotators.toml").read_text()
    (WORK / "annotators.toml").write_text(roster)
    lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in tasks()]
    (WORK / "tasks.jsonl").write_text("\n".join(lines) + "\n")
    annotd("load", "-i", "tasks.jsonl")
    keys = {name: annotd("link", name).stdout.split("key=")[1].split()[0] for name in ("ann", "bob", "cyd")}
    daemon = subprocess.Popen([ANNOTD, "run", "--any-port"], cwd=WORK, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "ANNOTD_STORE_URL": SERVER})
    try:
        addresses = dict(daemon.stdout.readline().split(None, 1) for _ in range(4))
        ann, bob, cyd = (Port(addresses[name].strip().rstrip("/").split("/?")[0], keys[name]) for name in ("ann", "bob", "cyd"))
        statuses = work(ann, bob, cyd)
        print(statuses)
        assert {"saved", "unchanged", "revised", "late"} <= statuses, statuses
    finally:
        daemon.terminate()
        daemon.wait()


def work(ann, bob, cyd):
    statuses = set()
    for nth, port in enumerate([ann, bob, cyd]):
        for round_ in range(4):
            for n, task in enumerate(port.tasks(4)):
                verdict = ["accept", "reject", "ignore"][(n + round_ + nth) % 3]
                statuses.add(port.answer(task, verdict, **({"comment": f"remark {n}"} if n == 1 else {})))
                if n == 0:
                    # Changes of mind: one, and several.
                    statuses.add(port.answer(task, "accept", comment="on second thoughts", flagged=True))
                    statuses.add(port.answer(task, "accept", comment="on second thoughts", flagged=True))
                if n == 0 and round_ == 1:
                    for turn in range(5):
                        statuses.add(port.answer(task, "reject" if turn % 2 else "accept", comment=f"turn {turn}", note=1.5))
                if n == 2:
                    # A skip that becomes an answer, and an answer that becomes a skip.
                    statuses.add(port.answer(task, "accept"))
                if n == 3:
                    statuses.add(port.answer(task, "ignore", skip_reason="unsure"))
    # Late: bob gives back what ann and cyd then fill.
    held = bob.tasks(6)
    bob.post("/end_session", {})
    for port in (ann, cyd):
        for task in port.tasks(12):
            statuses.add(port.answer(task, "accept"))
    for task in held:
        statuses.add(bob.answer(task, "reject", comment="from yesterday"))
        statuses.add(bob.answer(task, "reject", comment="from the day before"))
    # Leases that are still held.
    ann.tasks(2), bob.tasks(3), cyd.tasks(1)
    return statuses


def write(database):
    canonical = json_util.CANONICAL_JSON_OPTIONS
    for name in ("stored", "stored.annotd"):
        documents = sorted(database[name].find({}), key=lambda document: str(document["_id"]))
        lines = [json_util.dumps(document, json_options=canonical, ensure_ascii=False) for document in documents]
        (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    for form, name in (("jsonl", "export.jsonl"), ("tasks", "export.tasks.jsonl")):
        (HERE / name).write_text(annotd("export", "--format", form).stdout)


main()
