type Fields = Readonly<Record<string, unknown>>;

/** Structured lines in CloudWatch Logs, as Powertools writes them, without loading it. */
export interface LightLog {
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A line that is a metric, too: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
  count(metric: string, message: string, fields?: Fields): void;
}

export function lightLog(service: string, now: () => number, write: (line: string) => void): LightLog {
  const line = (level: string, message: string, fields: Fields) =>
    write(JSON.stringify({ level, message, service, timestamp: new Date(now()).toISOString(), ...fields }));
  return {
    info: (message, fields = {}) => line("INFO", message, fields),
    warn: (message, fields = {}) => line("WARN", message, fields),
    error: (message, fields = {}) => line("ERROR", message, fields),
    count: (metric, message, fields = {}) => {
      const metrics = [
        { Namespace: "Tandem", Dimensions: [["service"]], Metrics: [{ Name: metric, Unit: "Count" }] },
      ];
      const _aws = { Timestamp: now(), CloudWatchMetrics: metrics };
      line("WARN", message, { ...fields, [metric]: 1, _aws });
    },
  };
}
