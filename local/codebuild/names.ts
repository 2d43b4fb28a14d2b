import type { LocalContext } from "../service.ts";

type Place = Pick<LocalContext, "region" | "accountId">;

export function arnOfProject(context: Place, name: string): string {
  return `arn:aws:codebuild:${context.region}:${context.accountId}:project/${name}`;
}

export function arnOfBuild(context: Place, id: string): string {
  return `arn:aws:codebuild:${context.region}:${context.accountId}:build/${id}`;
}

/** Operations take a build's id or its ARN. */
export function idOfBuild(idOrArn: string): string {
  return idOrArn.replace(/^arn:[\w-]+:codebuild:[^:]*:[^:]*:build\//, "");
}
