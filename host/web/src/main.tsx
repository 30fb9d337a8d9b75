import '@mantine/core/styles.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { applyEvents } from './api/apply';
import { ApiError } from './api/client';
import { follow } from './api/live';
import { sendUnsent } from './chat/unsent';
import { readHostPrefs } from './prefs';
import { createAppRouter } from './router';
import { theme, variables } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (failures, problem) => problem instanceof ApiError && problem.unreachable && failures < 3,
    },
  },
});
const router = createAppRouter();
applyEvents(queries);
void follow(queries);
void readHostPrefs();

// The page's policy takes styles with this mark only.
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
// Dialogs keep the page from scrolling with a style of their own, which asks for the mark here.
Object.assign(globalThis, { __webpack_nonce__: nonce });

void sendUnsent().finally(() => createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
));
