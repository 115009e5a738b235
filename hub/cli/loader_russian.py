"""What is wrong with a file of rules, in Russian.

Whoever reads rules tells it in English, with names and values of the file in it. The sentences are put into Russian
here piece by piece; a piece that is not known stays as it is, so that nothing is lost.
"""

import re

_TABLE = r"""
^unknown key
    неизвестный ключ
^is missing
    нужен, но его нет
; did you mean "([^"]+)"\?
    ; может быть, "\1"?
(?<=[;?] )valid:
    годятся:
(?<=[;?] )defined: none$
    нет ни одного
(?<=[;?] )defined:
    есть:
is none of the values
    не из тех значений, что годятся
names no list of phrases
    не называет ни одного списка фраз
names no list of values
    не называет ни одного списка значений
takes itself in; take it out
    включает сам себя; уберите его
^there is no rule "
    нет правила "
^this name is given already in (\S+); names are unique over all files
    это имя уже занято: \1; имена во всех файлах разные
^stands already in (\S+); write it once
    уже есть: \1; напишите один раз
^the key "(.+)" stands twice, first on line (\d+); keep one
    ключ "\1" стоит дважды, сначала в строке \2; оставьте один
^"(.+)" has no value; write one, or take the key out
    у "\1" нет значения; напишите его или уберите ключ
^is empty; write at least one value, or take the key out
    пусто; напишите хотя бы одно значение или уберите ключ
^is empty; write a name
    пусто; напишите имя
^is true, which is no text
    это true, а не текст
^is false, which is no text
    это false, а не текст
write it in quotes
    напишите в кавычках
; it should be a whole number
    ; нужно целое число
; it should be a number
    ; нужно число
; it should be true or false
    ; нужно true или false
; it should be text
    ; нужен текст
; it should be a list
    ; нужен список
; it should be a table
    ; нужна таблица
; write a number$
    ; напишите число
; write a whole number$
    ; напишите целое число
; write true or false$
    ; напишите true или false
; write a word$
    ; напишите слово
; write text$
    ; напишите текст
is no number; write for example
    не число; напишите, например,
^has no bound; write (.+) or both
    нет границы; напишите \1 или обе
^needs bounds; write (.+) or both
    нужны границы; напишите \1 или обе
has no unit; write a duration such as (.+) or (.+)
    без единицы; напишите, например, \1 или \2
is longer than ten years; write at most
    больше десяти лет; напишите самое большее
^says none and more; write either
    здесь и none, и что-то ещё; оставьте одно
is no condition that is true or false
    не условие из тех, что верны или нет
^no calendar "(.+?)" is defined
    нет календаря "\1"
^there is no working time at all; write at least one slot, such as
    рабочего времени нет вовсе; напишите хотя бы один промежуток, например
is not a time zone; write a name of the IANA list
    не часовой пояс; напишите имя из списка IANA
^urgent, high and normal must go down in this order
    urgent, high и normal должны убывать в этом порядке
^is no list; begin each item with a dash and its name
    не список; начните каждую запись с тире и имени
; write keys and values here:
    ; здесь нужны ключи со значениями:
^has no keys at its top; write one of (.+), such as rules:
    наверху файла нет ключей; напишите один из: \1, например rules:
^a second document begins here; one file is one document
    здесь начинается второй документ; в файле должен быть один
the expression is refused by RE2:
    RE2 не принимает выражение:
knows ASCII letters only and can be used for all letters at the very beginning and end alone
    знает только латинские буквы, для всех годится лишь в самом начале и в конце
; write (\S+) before a word and (\S+) behind it
    ; напишите \1 перед словом и \2 после него
knows ASCII letters only; write it outside of them, or list the signs
    знает только латинские буквы; вынесите из скобок или перечислите знаки
inside \[ \]
    внутри [ ]
has no word in it; for signs alone write re:
    нет ни одного слова; для одних знаков напишите re:
\* and ~ stand at the end of a word only
    * и ~ стоят только в конце слова
after !(\S+) a word is missing; write the word that it must not precede
    после !\1 не хватает слова; напишите слово, перед которым его быть не должно
^this is not YAML:
    это не YAML:
a word that begins with ([!*&]) is an? (tag|alias|anchor);
    слово, которое начинается с \1, для YAML особое;
a tab cannot indent; use spaces
    отступы делают пробелами, а не табуляцией
write what has a backslash in single quotes
    то, где есть обратная черта, пишут в одинарных кавычках
cannot be read \(No such file or directory\)
    нет такого файла или папки
cannot be read \((.+)\)
    нельзя прочитать (\1)
"hub init" writes a folder of rules
    папку с правилами пишет «hub init»
^is(?= ['\[{\d])
    это
^is true(?=;)
    это true
^is false(?=;)
    это false
"""
_LINES = _TABLE.strip().splitlines()
_PIECES = tuple(
    (re.compile(english), russian.strip()) for english, russian in zip(_LINES[::2], _LINES[1::2], strict=True)
)
"""What is found, as an expression, and what takes its place."""


def in_russian(message: str) -> str:
    """Return *message* of whoever reads rules, in Russian as far as it is known."""
    for english, russian in _PIECES:
        message = english.sub(russian, message)
    return message
