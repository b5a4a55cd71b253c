// The calls of the service.

let token = ""; // kept only in memory

/** A refusal of the service, with its status and its sentence. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function useToken(text) {
  token = text;
}

/**
 * Call the service, and try again a few times if it is busy.
 *
 * @param {string} path path below the service, such as "v1/encode"
 * @param {object} options method, body (Blob), parameters (object) and signal (AbortSignal)
 * @returns {Promise<Response>} the answer, if it is not a refusal
 */
export async function call(path, { body, parameters = {}, signal } = {}) {
  const address = `${path}?${new URLSearchParams(parameters)}`;
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  for (let attempt = 0; ; attempt++) {
    let answer;
    try {
      answer = await fetch(address, { method: body ? "POST" : "GET", body, headers, signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "The service does not answer.");
    }
    if (answer.ok) return answer;
    if (answer.status === 503 && attempt < 3) {
      const seconds = Math.min(Number(answer.headers.get("Retry-After")) || 1, 10);
      await pause(seconds * 1000, signal);
      continue;
    }
    const problem = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, problem.detail ?? `The service answers with status ${answer.status}.`);
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
