"""The desk of a newsletter: what an editor does around the text, from a link found to the file of the next issue.

letter      the folder of a newsletter: its issues in order, what the next one is called
clipping    what a page says of itself
sent        where a link was sent before
inbox       inbox.md: links that wait for the next issue
skeleton    the file of the next issue, made of the last one
founding    the files with which a letter begins
archive     its issues as one series, with the addresses at which they were published
table       the list of back issues that an issue ends in
record      where issues were published, from lists of all kinds, and what is wrong with what is recorded
"""
