/**
 * The names ECR accepts.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export const repositoryNamePattern = /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Whether a repository may have this name: lower case, 2 to 256 characters. */
export function isRepositoryName(text: string): boolean {
  return text.length >= 2 && text.length <= 256 && repositoryNamePattern.test(text);
}

/** Whether an image may have this tag: a letter, digit or underscore first, at most 300 characters. */
export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$/.test(text);
}
