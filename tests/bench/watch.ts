/** Follows a live stream until the signal and counts its messages. */
export const watch = async (url: string, signal: AbortSignal): Promise<{ messages: number }> => {
  const count = { messages: 0 };
  const response = await fetch(url, { signal });
  const read = async () => {
    for await (const chunk of response.body ?? []) {
      count.messages += Buffer.from(chunk).toString().split('data: ').length - 1;
    }
  };
  read().catch(() => undefined);
  return count;
};
