/** One fault of a request, as `422 Validation Failed` lists them. */
export interface FieldError {
  readonly resource: string;
  readonly code: "missing" | "missing_field" | "invalid" | "already_exists" | "custom";
  readonly field?: string;
  readonly message?: string;
}

/**
 * A refusal of the REST API; becomes `{message, errors?, documentation_url, status}`.
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[];

  constructor(status: number, message: string, errors: readonly FieldError[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
  }
}

export const notFound = (): ApiError => new ApiError(404, "Not Found");

/** Something in the body is not as it must be. */
export const invalid = (resource: string, field: string, message?: string): ApiError =>
  new ApiError(422, "Validation Failed", [
    message === undefined
      ? { resource, code: "invalid", field }
      : { resource, code: "custom", field, message },
  ]);
