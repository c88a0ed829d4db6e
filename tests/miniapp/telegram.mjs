// Telegram around the page: what it puts into the address, and a client that hears and answers.

// Themes as Telegram's clients send them.
export const themes = {
  light: {
    accent_text_color: "#168acd",
    bg_color: "#ffffff",
    bottom_bar_bg_color: "#ffffff",
    button_color: "#40a7e3",
    button_text_color: "#ffffff",
    destructive_text_color: "#d14e4e",
    header_bg_color: "#ffffff",
    hint_color: "#999999",
    link_color: "#168acd",
    secondary_bg_color: "#f1f1f1",
    section_bg_color: "#ffffff",
    section_header_text_color: "#168acd",
    section_separator_color: "#e7e7e7",
    subtitle_text_color: "#999999",
    text_color: "#000000",
  },
  dark: {
    accent_text_color: "#6ab2f2",
    bg_color: "#17212b",
    bottom_bar_bg_color: "#17212b",
    button_color: "#5288c1",
    button_text_color: "#ffffff",
    destructive_text_color: "#ec3942",
    header_bg_color: "#17212b",
    hint_color: "#708499",
    link_color: "#6ab3f3",
    secondary_bg_color: "#232e3c",
    section_bg_color: "#17212b",
    section_header_text_color: "#6ab3f3",
    section_separator_color: "#111921",
    subtitle_text_color: "#708499",
    text_color: "#f5f5f5",
  },
  // Telegram's darkest theme on iOS: the section is lighter than the page.
  "ios-black": {
    accent_text_color: "#3e88f7",
    bg_color: "#000000",
    bottom_bar_bg_color: "#1d1d1d",
    button_color: "#3e88f7",
    button_text_color: "#ffffff",
    destructive_text_color: "#eb5545",
    header_bg_color: "#1c1c1d",
    hint_color: "#98989e",
    link_color: "#3e88f7",
    secondary_bg_color: "#1c1c1d",
    section_bg_color: "#2c2c2e",
    section_header_text_color: "#8d8e93",
    section_separator_color: "#545458",
    subtitle_text_color: "#98989e",
    text_color: "#ffffff",
  },
};

// The fragment with which Telegram opens a Mini App.
export function fragment(initData, { version = "9.1", platform = "android", theme = "light" } = {}) {
  return `#${new URLSearchParams({
    tgWebAppData: initData,
    tgWebAppVersion: version,
    tgWebAppPlatform: platform,
    tgWebAppThemeParams: JSON.stringify(themes[theme]),
  })}`;
}

// Runs in the page before its own script: the object that a phone's web view offers. What it is told
// goes to the binding `toTelegram`.
export function offerProxy() {
  window.TelegramWebviewProxy = {
    postEvent: (type, data) => window.toTelegram(type, JSON.parse(data)),
  };
}
