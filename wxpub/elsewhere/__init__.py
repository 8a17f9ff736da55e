"""The same issue for readers outside WeChat: an issue in, a web page, a mail or a whole site out.

    dress   inline styles to classes, each with its colours at night: what a page and a mail have in common
    web     a page of its own: live links, one style sheet, what search engines and other sites read of it
    mail    the HTML that mail clients keep, the same as plain text, and both as a message
    site    all issues of a newsletter as a folder of files: pages, an index with a search, a feed

Every page is made of what `page.finish` wrote, so what is harmless in WeChat is harmless here. No network is asked.
"""
