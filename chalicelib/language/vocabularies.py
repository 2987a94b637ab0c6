"""Words and letters that tell one language from those that are written alike.

All words are in the form of `persian.match_key`. A word that two of the languages share stands in no list.
"""

from __future__ import annotations

import re

LETTERS = {
    "ur": re.compile("[ٹڈڑںےہ]"),
    "ps": re.compile("[ټډړښېۍځڅږګڼ]"),
    "ckb": re.compile("[ڕڵێۆە]"),
    "ug": re.compile("[ڭۇۈۋېۆە]"),
}
"""By language the letters that neither Persian nor Arabic has. Neighbours share some of them."""


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSIAN = _listed("""
    می نمی است هست نیست هستم هستید هستین هستیم بود بودم باشد باشه باشید شد شود شده میشه میشود نمیشه نمیشود
    میخوام میخواهم میخواستم میخواهیم میکنید میکنم میدید میدهید خواهم خواستم خواهش دارم دارید دارین داره دارد
    داریم ندارم ندارید نداره کنم کنید کنین کنیم کرد کرده کردم کردن بدید بدهید بدم بگید بگین بفرماید
    بگیرم بگیرید برای واسه را رو از با های شما لطفا چقدر چطور چطوره چگونه کجا کجاست چرا چیه چیست خیلی
    اتاق تخته دوتخته نفره شب فردا امروز امشب هزینه تومان تومن رزرو بلیط بلیت هتل گل بله خانم متشکرم سپاس
    اگه دیگه همین همون اون یه یک پرداخت کردید شدید البته
""")
ARABIC = _listed("""
    انا هذا هذه هذی التی الذی ارید نرید مرحبا شکرا لماذا عندی لدی لدیکم الیوم اللیله کیف وین شلون شگد شکد
    اشگد فضلک عفوا جزیلا چم بکم هل نعم اهلا عندکم عندک سمحت غدا متی لیش ایش ابغی عاوز احجز هسه شنو هناک
""")
# Persian has its own words in ال, and borrowed ones, and greetings that all these languages share.
NOT_ARABIC = _listed("""
    الان الگو الگوی الگوها الکی الهام الماس الفبا الله القا القای الحاق الحاقی الزام الزامی الزاما الکل
    الکترونیک الکترونیکی الکتریکی الکتریک التماس الناز البرز الوند الهه الیاس الیاف السا النا الینا المیرا
    الیکا الهی الهیه السلام الحمدلله المپیک المپیاد المنت المان الصاق التهاب التیام الفت القصه الوار الوان
    الیت الوده الودگی الرژی الارم البوم البالو المانی الترناتیو البسه الویه الغدیر الزهرا
""")
FINGLISH = _listed("""
    salam mamnoon mamnun merci lotfan otagh otaq gheymat gheimat qeymat chand chande mikham mikhastam
    mikhaham khoobi khubi khobi doostam dostam hast nist darid darin dari baraye bara farda emrooz emruz
    emshab shab rooz ruz hafte cheghad chetor chetori kojast koja kei chera bale nakheyr aghaye khanoom
    khanum dadash rezerv rezerve bilit belit parvaz hotele takhte dotakhte nafar nafare tooman toman
    rial pul moshkel shekayat laghv kardam konam konid shoma shomare befarmaid sepas tashakor
""")
ENGLISH = _listed("""
    the and you your please hello hi hey is are am was were do does did have has can could would like
    want need book booking cancel room rooms price much how what when where why who for with from this that
    not yes thanks thank good morning evening night tomorrow today my me we our it in on at to of a
""")
SHARED = {
    "az": _listed("salam otaq pul parvaz"),
    "da": _listed("at for am"),
    "de": _listed("was in am"),
    "es": _listed("a me"),
    "fr": _listed("merci on a me in"),
    "id": _listed("salam parvaz"),
    "it": _listed("a in me"),
    "nl": _listed("is was in we at"),
    "pt": _listed("a me"),
    "sv": _listed("salam for at"),
    "tr": _listed("salam on at in"),
    "uz": _listed("salam pul parvaz"),
}
"""By hinted language the words of the lists that it writes too; beside them most words have to be foreign."""
