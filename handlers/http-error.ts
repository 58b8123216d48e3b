import type { MiddlewareObj } from '@middy/core';
import { logger } from './logger.ts';
import { json } from './response.ts';
import { countServerError } from './server-errors.ts';

/** What a client is told: this status and this message. The cause is for the log only. */
export class HttpError extends Error {
  override readonly name: string = 'HttpError';
  readonly statusCode: number;

  constructor(statusCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/**
 * Answers an `HttpError`. Any other error is a bug and stays thrown: API Gateway turns it into a bare 500, and
 * Lambda counts it, which is what rolls a bad version back. Answers of 500 and above, of whatever origin, are counted here.
 */
export const answerErrors: MiddlewareObj = {
  after: (request) => countServerError(request),
  onError: (request) => {
    const { error } = request;
    if (!(error instanceof HttpError)) return;
    if (error.statusCode >= 500) logger.error(error.message, error);
    request.response = json(error.statusCode, { error: error.message });
    countServerError(request);
  },
};
