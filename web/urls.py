from django.urls import path

from web import gallery, palette, theme

urlpatterns = [
    path("theme/", theme.choose_theme, name="choose_theme"),
    path("palette/", palette.find, name="palette"),
    path("gallery/", gallery.show, name="gallery"),
    path("gallery/touch/", gallery.touch, name="touch_gallery"),
]
