"""The preview: an issue in, something to look at and to copy from out.

    server     serve                  the live page: the issue in the browser while it is written
    pages      alone, gallery, phone  the file that `wxpub convert` writes; an issue in every theme
    clipboard  copy_html, plain_text  the article for a paste into WeChat's web editor

Each is imported by its own name: a page that is only written needs no server.
"""
