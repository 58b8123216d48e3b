import type { MiddlewareObj } from '@middy/core';
import { logger } from './logger.ts';
import { json } from './response.ts';

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
 * Lambda counts it, which is what rolls a bad version back.
 */
export const answerErrors: MiddlewareObj = {
  onError: (request) => {
    const { error } = request;
    if (!(error instanceof HttpError)) return;
    if (error.statusCode >= 500) logger.error(error.message, error);
    request.response = json(error.statusCode, { error: error.message });
  },
};
