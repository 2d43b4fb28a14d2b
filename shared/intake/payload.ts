const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** What a request says in JSON: its body itself, or the field `payload` of a form. Undefined when it says none. */
export function payloadOf(body: Uint8Array, isForm: boolean): unknown {
  try {
    const text = UTF8.decode(body);
    return jsonOf(isForm ? (new URLSearchParams(text).get("payload") ?? "") : text);
  } catch {
    return undefined;
  }
}

/** Undefined for what is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
