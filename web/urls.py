from django.urls import path

from web import gallery, palette, rail, theme

urlpatterns = [
    path("theme/", theme.choose_theme, name="choose_theme"),
    path("palette/", palette.find, name="palette"),
    path("rail/", rail.rail, name="rail"),
    path("gallery/", gallery.show, name="gallery"),
    path("gallery/touch/", gallery.touch, name="touch_gallery"),
]
