import type { ReactNode } from 'react';

/** Line icons on a 24 × 24 grid, drawn for this page. */
function icon(...paths: string[]) {
  return function Icon({ size = 18 }: { size?: number }): ReactNode {
    return (
      <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={1.8} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
        {paths.map((path) => <path key={path} d={path} />)}
      </svg>
    );
  };
}

export const IconChat = icon('M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z');
export const IconModels = icon('M12 3l8 4.5v9L12 21l-8-4.5v-9z', 'M4 7.5l8 4.5 8-4.5', 'M12 12v9');
export const IconRuntimes = icon('M7 7h10v10H7z', 'M10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4');
export const IconWorkers = icon('M3 12h4l3-7 4 14 3-7h4');
export const IconServer = icon('M4 5h16v6H4z', 'M4 13h16v6H4z', 'M8 8h.01M8 16h.01');
export const IconBench = icon('M5 20v-7M12 20V4M19 20v-10', 'M3 20h18');
export const IconInfo = icon('M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z', 'M12 11v5M12 8h.01');
export const IconPlus = icon('M12 5v14M5 12h14');
export const IconSearch = icon('M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14z', 'M20 20l-4-4');
export const IconSun = icon('M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M5.6 18.4L7 17M17 7l1.4-1.4');
export const IconMoon = icon('M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z');
export const IconSend = icon('M12 19V5M6 11l6-6 6 6');
export const IconStop = icon('M7 7h10v10H7z');
export const IconCopy = icon('M9 9h10v10H9z', 'M15 9V5H5v10h4');
export const IconCheck = icon('M5 13l4 4L19 7');
export const IconEdit = icon('M4 20h4L19 9l-4-4L4 16z', 'M13 7l4 4');
export const IconRefresh = icon('M20 11a8 8 0 1 0-.8 5', 'M20 4v7h-7');
export const IconBranch = icon('M7 4v16', 'M7 14c0-4 10-2 10-7', 'M7 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM7 22a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4z');
export const IconPlay = icon('M8 5l11 7-11 7z');
export const IconLeft = icon('M15 5l-7 7 7 7');
export const IconRight = icon('M9 5l7 7-7 7');
export const IconDown = icon('M5 9l7 7 7-7');
export const IconDots = icon('M5 12h.01M12 12h.01M19 12h.01');
export const IconTrash = icon('M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3');
export const IconDownload = icon('M12 4v11M7 10l5 5 5-5M5 20h14');
export const IconSliders = icon('M5 4v9M5 17v3M12 4v3M12 11v9M19 4v10M19 18v2', 'M3 13h4M10 7h4M17 14h4');
export const IconWide = icon('M4 5v14M20 5v14M7 12h10M9.5 9L7 12l2.5 3M14.5 9l2.5 3-2.5 3');
export const IconMenu = icon('M4 7h16M4 12h16M4 17h16');
export const IconBolt = icon('M13 3L5 14h6l-1 7 8-11h-6z');
export const IconWarning = icon('M12 4l9 16H3z', 'M12 10v4M12 17h.01');
export const IconGear = icon('M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z', 'M19 12a7 7 0 0 0-.1-1.2l2-1.5-2-3.4-2.3 1a7 7 0 0 0-2-1.2L14.200 3.200h-4l-.4 2.500a7 7 0 0 0-2 1.200l-2.300-1-2 3.400 2 1.500a7 7 0 0 0 0 2.400l-2 1.500 2 3.400 2.300-1a7 7 0 0 0 2 1.200l.4 2.500h4l.4-2.500a7 7 0 0 0 2-1.200l2.300 1 2-3.400-2-1.500c.1-.4.1-.8.1-1.200z');
export const IconClose = icon('M6 6l12 12M18 6L6 18');
