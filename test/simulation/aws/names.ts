import { createHash } from "node:crypto";

/** What the pretended account is called. */
export const REGION = "us-east-1";
export const ACCOUNT = "000000000000";
export const REGISTRY = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com`;
/** What containers run that no pipeline builds. */
export const BASE_IMAGE = `${REGISTRY}/base:1`;
export const PROJECTS = { x86_64: "tandem-x86-64", arm64: "tandem-arm64" };

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function digestOf(text: string): string {
  return `sha256:${sha256(text)}`;
}
