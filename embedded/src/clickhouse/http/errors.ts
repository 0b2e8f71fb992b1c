/** An error as ClickHouse reports it: a code, a name and a text in its own format. */
export class ClickHouseError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }

  /** The error the engine itself would have raised: `Code: N. DB::Exception: text. (NAME)`. */
  static of(code: number, name: string, text: string): ClickHouseError {
    return new ClickHouseError(code, `Code: ${code}. DB::Exception: ${text}. (${name})`);
  }

  /**
   * Wraps whatever the engine threw.
   * `skip`: characters we put in front of the client's query, taken off the positions in syntax errors.
   */
  static from(cause: unknown, skip = 0): ClickHouseError {
    if (cause instanceof ClickHouseError) return cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    const code = Number(/^Code: (\d+)/.exec(text)?.[1] ?? 0);
    if (!code) return ClickHouseError.of(1001, 'STD_EXCEPTION', text);
    const shift = (_: string, label: string, at: string) => `${label}${Math.max(1, Number(at) - skip)}`;
    return new ClickHouseError(code, skip ? text.replace(/(failed at position )(\d+)/, shift) : text);
  }

  /** The HTTP status that goes with the code. */
  get status(): number {
    return STATUS[this.code] ?? 500;
  }
}

const STATUS: Record<number, number> = {
  6: 400, // CANNOT_PARSE_TEXT
  26: 400, // CANNOT_PARSE_QUOTED_STRING
  27: 400, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  33: 400, // CANNOT_READ_ALL_DATA
  36: 400, // BAD_ARGUMENTS
  41: 400, // CANNOT_PARSE_DATETIME
  43: 400, // ILLEGAL_TYPE_OF_ARGUMENT
  46: 404, // UNKNOWN_FUNCTION
  47: 404, // UNKNOWN_IDENTIFIER
  48: 501, // NOT_IMPLEMENTED
  53: 400, // TYPE_MISMATCH
  60: 404, // UNKNOWN_TABLE
  62: 400, // SYNTAX_ERROR
  73: 404, // UNKNOWN_FORMAT
  81: 404, // UNKNOWN_DATABASE
  115: 404, // UNKNOWN_SETTING
  117: 400, // INCORRECT_DATA
  159: 408, // TIMEOUT_EXCEEDED
  164: 403, // READONLY
  201: 429, // QUOTA_EXCEEDED
  202: 503, // TOO_MANY_SIMULTANEOUS_QUERIES
  223: 413, // QUERY_IS_TOO_LARGE
  452: 403, // SETTING_CONSTRAINT_VIOLATION
  456: 400, // UNKNOWN_QUERY_PARAMETER
  497: 403, // ACCESS_DENIED
  516: 403, // AUTHENTICATION_FAILED
};
