/** The function's log is no finding of a test; imported before the function's code. */
process.env.POWERTOOLS_LOG_LEVEL = "SILENT";

export {};
