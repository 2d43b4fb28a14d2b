import { Logger } from "@aws-lambda-powertools/logger";

/** Structured lines in CloudWatch Logs; the service and level come from POWERTOOLS_* variables. */
export const log = new Logger();
