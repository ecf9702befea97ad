/** An RFC 5322 message out of the report: text, and HTML with its images beside it. It is built, never sent. */
import { createTransport } from 'nodemailer';

export interface InlineImage {
  readonly cid: string;
  readonly filename: string;
  readonly content: Uint8Array;
}

export interface MessageContent {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly images: readonly InlineImage[];
  /** Makes the Message-ID: the same report is the same message. */
  readonly id: string;
  readonly date: Date;
}

const sender = { name: 'Baton reports', address: 'reports@baton.invalid' };

/** @returns the message as an `.eml` file has it, with CRLF line ends */
export async function message({ to, subject, text, html, images, id, date }: MessageContent): Promise<Uint8Array> {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message: built } = await transport.sendMail({
    from: sender,
    to: { name: '', address: to },
    subject,
    text,
    html,
    date,
    messageId: `<${id}@baton.invalid>`,
    attachments: images.map(({ cid, filename, content }) => ({
      cid,
      filename,
      content: Buffer.from(content),
      contentType: 'image/png',
      contentDisposition: 'inline',
    })),
    // What comes from data must never make nodemailer open a file or a URL.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return built as Buffer;
}
