import { z } from "zod";

/**
 * Lists of the EC2 Query protocol, `InstanceType.1=t3.small&InstanceType.2=…`, as the form's reader leaves them:
 * `{"1": "t3.small", "2": …}`. https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
 */
export function numbered(value: unknown): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .toSorted(([one], [other]) => Number(one) - Number(other))
    .map(([, item]) => item);
}

/** A numbered list of texts; absent when it is not given. */
export const namesSchema = z
  .unknown()
  .optional()
  .transform((value) => (value === undefined ? undefined : numbered(value).map(String)));
