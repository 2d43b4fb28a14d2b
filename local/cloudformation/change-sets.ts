import { optionalText, text } from "../input.ts";
import { AwsError, type Operation } from "../service.ts";
import { changesNothing, invalid, newStackName, stackRequest } from "./request.ts";
import type { StackRequest, Stacks } from "./stacks.ts";

/** What `aws cloudformation deploy` prepares before it executes it. Change sets are not kept across restarts. */
interface ChangeSet {
  readonly id: string;
  readonly name: string;
  readonly stackId: string;
  readonly request: StackRequest;
  /** Why it cannot be executed. */
  readonly fault: string | undefined;
  readonly executed: boolean;
}

/** In these words the AWS CLI recognizes that there is nothing to deploy. */
const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/**
 * Change sets that name no single changes: they are made, shown, executed as a whole, and deleted.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
 */
export function changeSetOperations(
  stacks: Stacks,
  begin: (request: StackRequest) => Promise<unknown>,
): Readonly<Record<string, Operation>> {
  const changeSets = new Map<string, ChangeSet>();
  const find: (input: Readonly<Record<string, unknown>>) => ChangeSet = (input) => {
    const name = text(input, "ChangeSetName");
    const stack = optionalText(input, "StackName");
    const found = [...changeSets.values()].find(
      (set) =>
        set.id === name || (set.name === name && (set.request.name === stack || set.stackId === stack)),
    );
    if (found === undefined)
      throw new AwsError("ChangeSetNotFound", `ChangeSet [${name}] does not exist`, 404);
    return found;
  };
  return {
    CreateChangeSet: async (input) => {
      const stackName = newStackName(input);
      const name = text(input, "ChangeSetName");
      const known = stacks.find(stackName);
      const creates = optionalText(input, "ChangeSetType") === "CREATE";
      if (creates && known !== undefined)
        throw invalid(`Stack [${stackName}] already exists and cannot be created again`);
      if (!creates && known === undefined) throw invalid(`Stack [${stackName}] does not exist`);
      const stackId = known?.id ?? stacks.newArn("stack", stackName);
      const request = { ...stackRequest(stackName, input, known), id: stackId };
      stacks.check(request);
      const fault = known !== undefined && changesNothing(request, known) ? NO_CHANGES : undefined;
      const id = stacks.newArn("changeSet", name);
      changeSets.set(id, { id, name, stackId, request, fault, executed: false });
      return { Id: id, StackId: stackId };
    },
    DescribeChangeSet: async (input) => {
      const { id, name, stackId, request, fault, executed } = find(input);
      const executable = executed ? "EXECUTE_COMPLETE" : fault === undefined ? "AVAILABLE" : "UNAVAILABLE";
      return {
        ChangeSetId: id,
        ChangeSetName: name,
        StackId: stackId,
        StackName: request.name,
        Status: fault === undefined ? "CREATE_COMPLETE" : "FAILED",
        StatusReason: fault,
        ExecutionStatus: executable,
        Parameters: [...request.parameters].map(([ParameterKey, ParameterValue]) => ({
          ParameterKey,
          ParameterValue,
        })),
        Changes: [],
      };
    },
    ExecuteChangeSet: async (input) => {
      const changeSet = find(input);
      if (changeSet.fault !== undefined || changeSet.executed)
        throw new AwsError(
          "InvalidChangeSetStatus",
          `ChangeSet [${changeSet.id}] cannot be executed in its current status`,
        );
      changeSets.set(changeSet.id, { ...changeSet, executed: true });
      await begin(changeSet.request);
    },
    DeleteChangeSet: async (input) => {
      changeSets.delete(find(input).id);
    },
  };
}
