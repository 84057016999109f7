/** A broker of a test's own, and a worker that serves there whoever asks. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as dial, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import type { Frame } from "./frame";

const PATH = [process.env.PATH, "/usr/sbin"].join(delimiter);
const STARTED_WITHIN_MS = 30_000;
const HOST = "127.0.0.1";

/** Whether there is one; where everything must be tested there has to be. */
export const hasMosquitto =
  process.env.CI !== undefined ||
  spawnSync("mosquitto", ["-h"], { env: { PATH } }).error === undefined;

export class Broker {
  readonly cluster: string;
  readonly wsPort: number;
  /** Who has asked to join or to leave, in order. */
  readonly wishes: string[] = [];
  /** What the broker itself says of every packet. */
  log = "";
  readonly #worker: MqttClient;
  readonly #process: ChildProcess;

  private constructor(
    cluster: string,
    wsPort: number,
    process: ChildProcess,
    worker: MqttClient,
  ) {
    this.cluster = cluster;
    this.wsPort = wsPort;
    this.#process = process;
    this.#worker = worker;
    process.stderr?.on("data", (log) => (this.log += String(log)));
    worker.on("message", (topic) => this.#serve(topic));
  }

  /** Starts a broker that calls itself a cluster. */
  static async start(cluster: string): Promise<Broker> {
    const [port, wsPort] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), "emostream-page-"));
    writeFileSync(
      join(folder, "conf"),
      `listener ${port} ${HOST}\nlistener ${wsPort} ${HOST}\nprotocol websockets\nallow_anonymous true\n`,
    );
    const broker = spawn("mosquitto", ["-v", "-c", join(folder, "conf")], {
      env: { PATH },
      stdio: ["ignore", "ignore", "pipe"],
    });
    broker.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    await Promise.all([answers(port), answers(wsPort)]);
    const worker = await connectAsync(`mqtt://${HOST}:${port}`, { protocolVersion: 5 });
    await worker.subscribeAsync(["clients/+/join", "clients/+/leave"], { qos: 1 });
    worker.on("error", () => undefined); // the broker is killed before it
    return new Broker(cluster, wsPort, broker, worker);
  }

  retain(topic: string, value: unknown): void {
    this.#worker.publish(topic, JSON.stringify(value), { qos: 1, retain: true });
  }

  relay(frame: Frame, spreadS = 0): void {
    const properties = { userProperties: { spread_s: String(spreadS) } };
    const options = { qos: 0 as const, retain: true, properties };
    this.#worker.publish("relay/7/final/full", JSON.stringify(frame), options);
  }

  pulse(): void {
    const pulse = { v: 1, epoch: "2026-11-20T18:00:00.000Z", sent_ms: 1 };
    this.#worker.publish("control/pulse", JSON.stringify(pulse));
  }

  /** End it as a power cut would: nobody is told. */
  kill(): void {
    this.#worker.end(true);
    this.#process.kill("SIGKILL");
  }

  /** Let it answer nobody, as a machine that hangs. */
  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  #serve(topic: string): void {
    const [, clientId = "", wish = ""] = topic.split("/");
    this.wishes.push(`${clientId} ${wish}`);
    if (wish !== "join") return;
    const assignment = {
      client_id: clientId,
      room: "final",
      profile: "full",
      cluster: this.cluster,
      topic: "relay/7/final/full",
      lease_s: 300,
      spread_s: 0,
    };
    this.#worker.publish(`clients/${clientId}/assignment`, JSON.stringify(assignment), {
      qos: 1,
    });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      server.close(() => resolve(port));
    });
  });
}

/** Resolves once somebody listens there. */
async function answers(port: number): Promise<void> {
  const untilMs = performance.now() + STARTED_WITHIN_MS;
  while (!(await isListening(port))) {
    if (performance.now() > untilMs) throw new Error(`nobody listens at ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, HOST);
    const told = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once("connect", told(true)).once("error", told(false));
  });
}
