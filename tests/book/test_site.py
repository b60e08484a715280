"""The built site, read as files."""

import re
from html.parser import HTMLParser

import pytest
import yaml
from built_book import EXECUTED, PAGES, ROOT


def chapter(folder, sections):
    return [f"book/{folder}/{page}" for page in ["index", *sections.split(), "summary"]]


EXPECTED = [
    "book/00_start",
    "book/notation",
    *chapter(
        "01_foundations",
        "metric risk loop gradient properties reductions logits likelihood pipelines",
    ),
    *chapter(
        "02_regression",
        "mse rmse mae outlier huber smooth_l1 log_cosh mean_or_median"
        " quantile intervals mape msle poisson_nll gaussian_nll beyond amounts",
    ),
    *chapter(
        "03_classification",
        "entropy bce softmax softmax_twice several_labels"
        " squared_error hinge kl js label_smoothing distillation back wrong_labels",
    ),
    *chapter(
        "04_stability",
        "ranges log_sum_exp log_of_sigmoid cancellation table clipping empty"
        " mixed_precision order vocabulary",
    ),
    *chapter(
        "05_imbalance",
        "accuracy_trap class_weights weight_or_pos_weight thresholds focal"
        " focal_relatives comparison overlap tversky segmentation label_maps",
    ),
    *chapter(
        "06_contrastive",
        "pairs triplet mining cosine info_nce nt_xent clip batches sup_con arcface collapse race",
    ),
    *chapter(
        "07_calibration", "reliability ece proper overconfidence temperature calibrators decision"
    ),
    *chapter(
        "08_debugging",
        "expected one_batch curves nan norms shapes outputs falling clinic diagnose audit",
    ),
    *chapter(
        "09_case_studies",
        "resnet unet boxes more_boxes retinanet yolo vae gan gan_penalties"
        " diffusion perceptual causal_lm masked_lm sentences ranking rlhf preferences grpo"
        " facenet_clip wav2vec ctc sound alphafold multitask balancing configuration design",
    ),
    "book/coursework",
    "book/instructors",
    "book/choose",
    "book/faq",
    "book/quiz",
    "book/atlas",
    "book/cheat_sheet",
    "book/api",
    *(
        f"book/api/{page}"
        for page in (
            "regression classification divergence imbalance segmentation label_maps boxes detection"
            " metric ranking preference generative multitask calibration sequence structure speech"
            " signal debug criterion catalog explore check audit conformance"
        ).split()
    ),
    "book/glossary",
    "book/elsewhere",
    "book/mistakes",
    "book/errata",
    "book/conformance",
    "book/performance",
    "book/bibliography",
    "book/coverage",
    "book/status",
    "book/publish",
]


REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def tags(site, page):
    return Tags((site / f"{page}.html").read_text()).found


def article(site, page):
    """Return the tags of the page's own content, without menus."""
    html = (site / f"{page}.html").read_text()
    return Tags(re.search(r"<article.*?</article>", html, re.DOTALL).group()).found


def around(site, page):
    """Return what stands around the page's own content: buttons and menus."""
    html = (site / f"{page}.html").read_text()
    return re.sub(r"<article.*?</article>", "", html, flags=re.DOTALL)


def test_the_expected_pages_are_in_the_contents():
    assert PAGES == EXPECTED


@pytest.mark.parametrize("page", EXPECTED)
def test_page_is_built_with_a_title_and_content(site, page):
    html = (site / f"{page}.html").read_text()
    title = re.search(r"<title>(.*?)</title>", html, re.DOTALL).group(1)
    assert "Loss Functions in Machine Learning" in title
    assert len(html) > 10_000


@pytest.mark.parametrize(
    "page", [page for page in EXPECTED if re.match(r"book/\d", page) and page.count("/") == 2]
)
def test_a_section_says_where_the_reader_is(site, page):
    chapter, name = page.rsplit("/", 1)
    pages = [p for p in EXPECTED if p.startswith(chapter + "/")][1:]
    html = (site / f"{page}.html").read_text()
    line = re.search(r'<p class="lossfns-place">(.*?)</p>', html)
    if name == "index":
        assert not line
    else:
        number = pages.index(page) + 1
        assert f"section {number} of {len(pages)} · " in line[1]
        assert re.search(r"· \d+ minutes", line[1])
        assert '<a href="index.html">Chapter ' in line[1]


@pytest.mark.parametrize("chapter", [page for page in EXPECTED if page.endswith("/index")])
def test_the_sections_of_a_chapter_are_numbered_from_one(site, chapter):
    """The headings of its first page have no numbers, so that the first section is 2.1."""
    folder = chapter.removesuffix("index")
    number = int(folder.split("/")[1][:2])
    for k, page in enumerate([p for p in EXPECTED if p.startswith(folder)][1:], start=1):
        title = re.search(r"<h1><span.*?</h1>", (site / f"{page}.html").read_text(), re.DOTALL)
        assert re.sub(r"<[^>]+>", "", title.group()).startswith(f"{number}.{k}. ")
    html = (site / f"{chapter}.html").read_text()
    assert f'<span class="section-number">{number}. </span>' in html
    for heading in re.findall(r"<article.*</article>", html, re.DOTALL)[0].split("<h2>")[1:]:
        assert "section-number" not in heading.partition("</h2>")[0]


@pytest.mark.parametrize("chapter", [page for page in EXPECTED if page.endswith("/index")])
def test_the_map_of_a_chapter_links_its_sections_in_order(site, chapter):
    html = (site / f"{chapter}.html").read_text()
    table = re.search(r"<article.*?(<table.*?</table>)", html, re.DOTALL)[1]
    linked = list(dict.fromkeys(re.findall(r'href="(\w+)\.html#', table)))
    folder = chapter.removesuffix("index")
    assert [folder + name for name in linked] == [
        page for page in EXPECTED if page.startswith(folder) and page != chapter
    ]


def test_the_site_opens_on_the_start_page(site):
    assert "book/00_start.html" in (site / "index.html").read_text()


@pytest.mark.parametrize("page", EXPECTED)
def test_page_loads_nothing_from_elsewhere(site, page):
    for tag, attributes in tags(site, page):
        if tag in ("script", "img", "iframe", "source", "object", "embed"):
            address = attributes.get("src") or attributes.get("data") or ""
        elif tag == "link" and attributes.get("rel") not in ("canonical", "next", "prev"):
            address = attributes.get("href") or ""
        else:
            continue
        assert not re.match(r"(https?:)?//", address), f"<{tag}> asks {address}"


@pytest.mark.parametrize("page", EXPECTED)
def test_page_never_mentions_the_thebe_script(site, page):
    assert "THEBE_JS_URL" not in (site / f"{page}.html").read_text()


@pytest.mark.parametrize("page", EXPECTED)
def test_every_figure_says_in_words_what_it_shows(site, page):
    for tag, attributes in article(site, page):
        if tag == "img":
            words = attributes.get("alt") or ""
        elif tag == "svg" and attributes.get("role") == "img":
            words = attributes.get("aria-label") or ""
        else:
            continue
        assert len(words.split()) >= 4, f"<{tag}> has the text {words!r}"
        assert not words.endswith(".png"), f"<{tag}> has a file name for text: {words!r}"


@pytest.mark.parametrize("page", EXPECTED)
def test_colab_and_download_offer_the_notebook_exactly_where_there_is_one(site, page):
    html = around(site, page)
    up = "../" * page.count("/")
    name = page.removeprefix("book/")
    links = [a.get("href", "") for tag, a in Tags(html).found if tag == "a"]
    colab = {link for link in links if "colab.research.google.com" in link}
    copy = site / "_sources" / f"{page}.ipynb"
    if page in EXECUTED:
        notebook = ROOT / "notebooks" / f"{name}.ipynb"
        expected = {f"notebooks/{name}.ipynb"} if REPOSITORY else set()
        assert {link.split("/blob/main/")[1] for link in colab} == expected
        assert f"{up}_sources/{page}.ipynb" in links
        assert copy.read_bytes() == notebook.read_bytes()
    else:
        assert not colab
        assert ".ipynb" not in html


@pytest.mark.parametrize("page", EXPECTED)
def test_nothing_is_linked_to_a_repository_without_address(site, page):
    """Buttons that lead to a made-up address would send readers to whoever claims it."""
    for tag, attributes in Tags(around(site, page)).found:
        address = attributes.get("href", "")
        if tag == "a" and re.match(r"https?://(github|colab\.research)\.", address):
            assert REPOSITORY and ("/blob/" not in address or "/blob/main/" in address), address


def test_exercises_can_be_downloaded_wherever_they_are_published(site):
    links = [a["href"] for tag, a in article(site, "book/coursework") if tag == "a" and "href" in a]
    offered = {link.rsplit("/", 1)[1]: link for link in links if "_downloads/" in link}
    exercises = {path.name: path for path in ROOT.glob("exercises/*/*.ipynb")}
    assert sorted(offered) == sorted(exercises)
    for name, link in offered.items():
        assert (site / "book" / link).read_bytes() == exercises[name].read_bytes()


def test_every_internal_link_leads_somewhere(site):
    for page in EXPECTED:
        for tag, attributes in article(site, page):
            address = attributes.get("href", "")
            if tag != "a" or re.match(r"\w+:", address) or address.startswith("#"):
                continue
            target = (site / page).parent / address.split("#")[0].split("?")[0]
            assert target.exists(), f"{page} links to {address}"


def test_works_are_listed_by_author_and_year_as_they_are_cited(site):
    html = (site / "book" / "bibliography.html").read_text()
    works = re.findall(
        r'<div class="citation" id="(\w+)".*?<span class="label">(.*?)</span>\n', html, re.DOTALL
    )
    labels = {
        f"bibliography.html#{anchor}": re.sub(r"<[^>]+>", "", label).strip("[]")
        for anchor, label in works
    }
    assert len(set(labels.values())) == len(labels) > 50
    plain = str.maketrans("ıéèöüóáíäåñçø", "ieeouoaiaanco")
    order = [label.casefold().translate(plain) for label in labels.values()]
    assert order == sorted(order, key=lambda label: label.rpartition(", "))
    cited = 0
    for page in EXPECTED:
        found = re.findall(
            r'<a class="reference internal" href="[./]*(bibliography\.html#\w+)"'
            r' title="[^"]*">(.*?)</a>',
            (site / f"{page}.html").read_text(),
        )
        for target, text in found:
            words = re.sub(r"<[^>]+>", "", text).replace("\xa0", " ")
            assert words in (labels[target], labels[target].rpartition(", ")[2])
            cited += 1
    assert cited > 100
