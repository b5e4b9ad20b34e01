/** How a report is written: for people, for programs, for the comment on a pull request, for code scanning. */
export type ReportFormat = 'text' | 'json' | 'markdown' | 'sarif';

/** Every format. */
export const REPORT_FORMATS: readonly ReportFormat[] = ['text', 'json', 'markdown', 'sarif'];

/** How to write a report. */
export interface ReportOptions {
  readonly format: ReportFormat;
  /** Colours, for a terminal. @default none */
  readonly styles?: ReportStyles;
  /** The version of the program, for JSON and SARIF. */
  readonly version: string;
}

/** What puts a colour on a text, and no more than that. */
export interface ReportStyles {
  high(text: string): string;
  medium(text: string): string;
  low(text: string): string;
  heading(text: string): string;
  faint(text: string): string;
}

const plain = (text: string): string => text;

/** No colours. */
export const PLAIN_STYLES: ReportStyles = {
  high: plain,
  medium: plain,
  low: plain,
  heading: plain,
  faint: plain,
};
