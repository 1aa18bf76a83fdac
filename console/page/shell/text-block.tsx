import Box from '@cloudscape-design/components/box';

const MOST_CHARACTERS = 20_000;

interface Props {
  readonly label: string;
  readonly text: string;
}

/** A text as it is, in a box that scrolls with the keyboard too. */
export function TextBlock({ label, text }: Props) {
  const cut = text.length > MOST_CHARACTERS;
  return (
    <>
      {cut && (
        <Box color="text-body-secondary">
          The first {MOST_CHARACTERS.toLocaleString('en')} of {text.length.toLocaleString('en')} characters.
        </Box>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard */}
      <section className="text" aria-label={label} tabIndex={0}>
        <pre>{cut ? text.slice(0, MOST_CHARACTERS) : text}</pre>
      </section>
    </>
  );
}
