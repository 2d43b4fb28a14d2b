import { isDeepStrictEqual } from "node:util";
import { AwsError } from "../service.ts";
import {
  DEFAULT_INVOKE_CONFIGURATION,
  type FunctionConfiguration,
  functionNameOf,
  type InvokeConfiguration,
} from "./configuration.ts";
import type { LocalFunction } from "./local-function.ts";
import type { PackageCode } from "./package-code.ts";

/** Who may invoke a function, as `AWS::Lambda::Permission` says. */
export interface Permission {
  /** A service (`events.amazonaws.com`), an account or an ARN. */
  readonly principal: string;
  readonly sourceArn?: string;
}

/** The functions of this account, by name. */
export interface Functions {
  readonly list: () => readonly LocalFunction[];
  /** @throws AwsError ResourceNotFoundException */
  readonly find: (nameOrArn: string) => LocalFunction;
  /** Creates or replaces; nothing happens when neither configuration nor code has changed. */
  readonly deploy: (configuration: FunctionConfiguration, code: PackageCode) => LocalFunction;
  readonly configureInvoke: (name: string, configuration: InvokeConfiguration) => void;
  readonly invokeConfigurationOf: (name: string) => InvokeConfiguration;
  readonly permit: (name: string, permission: Permission) => void;
  readonly allows: (nameOrArn: string, principal: string, sourceArn: string) => boolean;
  readonly close: () => Promise<void>;
}

/** @param create makes a function out of what is deployed */
export function createFunctions(
  place: { readonly region: string; readonly accountId: string },
  create: (configuration: FunctionConfiguration, code: PackageCode) => LocalFunction,
): Functions {
  const functions = new Map<string, LocalFunction>();
  const retired = new Set<LocalFunction>();
  const invokeConfigurations = new Map<string, InvokeConfiguration>();
  const permissions = new Map<string, Permission[]>();

  return {
    list: () =>
      [...functions.values()].sort((a, b) => a.configuration.name.localeCompare(b.configuration.name)),
    find(nameOrArn) {
      const name = functionNameOf(nameOrArn);
      const found = functions.get(name);
      if (found !== undefined) return found;
      const arn = `arn:aws:lambda:${place.region}:${place.accountId}:function:${name}`;
      throw new AwsError("ResourceNotFoundException", `Function not found: ${arn}`, 404);
    },
    deploy(configuration, code) {
      const existing = functions.get(configuration.name);
      if (existing !== undefined) {
        const same =
          isDeepStrictEqual(existing.configuration, configuration) && existing.code.sha256 === code.sha256;
        if (same) return existing;
        retired.add(existing);
        void existing.retire();
      }
      const deployed = create(configuration, code);
      functions.set(configuration.name, deployed);
      return deployed;
    },
    configureInvoke: (name, configuration) =>
      void invokeConfigurations.set(functionNameOf(name), configuration),
    invokeConfigurationOf: (name) => invokeConfigurations.get(name) ?? DEFAULT_INVOKE_CONFIGURATION,
    permit(nameOrArn, permission) {
      const name = functionNameOf(nameOrArn);
      const known = permissions.get(name) ?? [];
      if (!known.some((other) => isDeepStrictEqual(other, permission)))
        permissions.set(name, [...known, permission]);
    },
    allows: (nameOrArn, principal, sourceArn) =>
      (permissions.get(functionNameOf(nameOrArn)) ?? []).some(
        (permission) =>
          permission.principal === principal &&
          (permission.sourceArn === undefined || arnLike(permission.sourceArn, sourceArn)),
      ),
    async close() {
      await Promise.all([...functions.values(), ...retired].map((deployed) => deployed.close()));
    },
  };
}

/** `ArnLike`, the condition that Lambda makes of `SourceArn`: `*` any characters, `?` one. */
function arnLike(pattern: string, arn: string): boolean {
  const escaped = pattern.replace(/[\\^$+.()|[\]{}]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(arn);
}
