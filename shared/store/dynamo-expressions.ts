/** What both ways to reach the table ask in the same words; without the SDK, which one of them must not load. */

/** UpdateItem that adds one: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.AtomicCounters */
export function increase(attribute: string) {
  return {
    UpdateExpression: "ADD #attribute :one",
    ExpressionAttributeNames: { "#attribute": attribute },
    ExpressionAttributeValues: { ":one": { N: "1" } },
    ReturnValues: "UPDATED_NEW" as const,
  };
}

/** Query's condition; the values are the adapter's to write. */
export function keyCondition(attribute: string, after: number | undefined) {
  return {
    KeyConditionExpression: after === undefined ? "#key = :value" : "#key = :value AND sk > :after",
    ExpressionAttributeNames: { "#key": attribute },
  };
}

export function numberOf(value: unknown): number {
  if (typeof value !== "number")
    throw new TypeError(`DynamoDB answered UpdateItem with ${typeof value}, not a number`);
  return value;
}
