import { z } from 'zod';

// zod tries whether it may make functions from text, which the content security policy reports as a violation. Schemas
// ask when they are made, so this module is imported before theirs.
z.config({ jitless: true });
